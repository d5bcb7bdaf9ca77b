"""Each function that draws a figure of steady states, called with small data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

from neuro_mod import plotting
from neuro_mod.plotting.mean_field.bifurcation import CriticalPoints, DrawnBranch
from neuro_mod.plotting.mean_field.potential import PathStates
from neuro_mod.plotting.mean_field.sensitivities import SensitivityPanel
from neuro_mod.plotting.mean_field.spectra import SpectrumLine
from neuro_mod.plotting.mean_field.tuning import Tried
from neuro_mod.populations import Populations

POPULATIONS = Populations(3, (20, 5), (20, 10))
KINDS = ["stable node", "saddle", "stable focus"]
RATES = np.linspace(0, 50, 6)
ALONG = np.linspace(0, 40, 21)


def _fixed_point_map(**options: object) -> Figure:
    rates = np.linspace(0, 40, 3 * POPULATIONS.total).reshape(3, -1)
    numbers = np.array([0, 1, 2])
    return plotting.fixed_point_map(rates, np.array([-5.0, 3, -1]), KINDS, numbers, [1, 3, 3], POPULATIONS, **options)


def _force(n: int) -> np.ndarray:
    grid = np.stack(np.meshgrid(*[RATES] * n, indexing="ij"))
    return 25 - grid + 0.1 * grid[::-1]


def _phase_plane(**options: object) -> Figure:
    states = np.array([[10.0, 40], [25, 25], [40, 10]])
    return plotting.phase_plane((RATES, RATES), _force(2), states, KINDS, ("E0", "E_background"), states, **options)


def _landscape_sections(**options: object) -> Figure:
    states = np.array([[10.0, 40, 5], [25, 25, 5], [40, 10, 5]])
    names = ["E0", "E1", "E_background"]
    return plotting.landscape_sections([RATES] * 3, _force(3), states, KINDS, names, states[0], **options)


def _potential_profile(*names: str) -> Callable[..., Figure]:
    potential = 20 * np.sin(ALONG / 40 * np.pi) ** 2
    states = PathStates(ALONG[[0, 10, 20]], potential[[0, 10, 20]], KINDS)
    rates = np.column_stack([ALONG + k for k in range(len(names))]) if names else None
    return lambda **options: plotting.potential_profile(
        ALONG, potential, states, "path of minimum force", rates=rates, names=names, **options
    )


def _bifurcation_diagram(n: int) -> Callable[..., Figure]:
    values = np.linspace(12, 20, 30)
    branches = [DrawnBranch(values, values + k, values < 15, k, values / 9) for k in range(n)]
    critical = CriticalPoints(np.array([15.0, 16]), np.array([15.0, 17]), ["fold", "symmetry breaking"])
    return lambda **options: plotting.bifurcation_diagram(
        branches, critical, "potentiation of E→E weights", current=16.0, **options
    )


def _sensitivity_maps(**options: object) -> Figure:
    p = POPULATIONS.total
    rates = np.sin(np.arange(p * p, dtype=np.float64)).reshape(p, p)
    panels = [
        SensitivityPanel(target, unit, rates, rates[0]) for target, unit in (("rate", "Hz"), ("arousal_level", ""))
    ]
    return plotting.sensitivity_maps(panels, POPULATIONS, "state 0: stable node, 1 active", **options)


def _population_spectra(**options: object) -> Figure:
    frequencies = np.geomspace(0.5, 500, 40)
    power = 1 + 5 / (1 + (frequencies - 50) ** 2 / 99)
    lines = [SpectrumLine(group, power / 3, power) for group in ("E active", "E inactive", "I background")]
    return plotting.population_spectra(frequencies, lines, "stable node, 1 active", **options)


def _tuning_map(**options: object) -> Figure:
    tried = Tried(np.array([2.0]), np.array([1.0]), np.array([0.25]))
    stable = [[[0], [0, 1]], [[1], [1, 2]], [None, []]]
    grid = np.array([1.0, 2.0]), np.array([0.5, 1.0, 2.0])
    return plotting.tuning_map(*grid, stable, [2], tried, (2.0, 1.0), **options)


#: By name in `neuro_mod.plotting`, with what is special about it after a space; called with ``ax=`` or without.
CASES: dict[str, Callable[..., Figure]] = {
    "fixed_point_map": _fixed_point_map,
    "phase_plane": _phase_plane,
    "landscape_sections": _landscape_sections,
    "potential_profile": _potential_profile("E0", "E1"),
    "potential_profile without rates": _potential_profile(),
    "bifurcation_diagram": _bifurcation_diagram(6),
    "sensitivity_maps": _sensitivity_maps,
    "population_spectra": _population_spectra,
    "tuning_map": _tuning_map,
}
