"""Each function that draws a figure of responses and designs, called with small data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

from neuro_mod import plotting
from neuro_mod.core.control.pooling import RELATIONS
from neuro_mod.plotting.control.capacity import Margins, Verified
from neuro_mod.populations import Populations

POPULATIONS = Populations(3, (20, 5), (20, 10))
GOAL = "share of time in exactly E0+E1+E2"


def _response_map(**options: object) -> Figure:
    response = np.sin(np.arange(4 * POPULATIONS.total, dtype=np.float64)).reshape(4, -1)
    names = ["0", "1", "2", "0+1"]
    return plotting.response_map(
        response, np.full_like(response, 0.3), names, POPULATIONS, "state", "after 1 s (1/Hz)", **options
    )


def _step_response(**options: object) -> Figure:
    windows = np.linspace(0.1, 1.6, 8)
    response = windows[:, None] * np.array([3, -0.2, 0, -1, 0.1, 0])
    error = 0.1 * np.abs(response) + 0.01
    return plotting.step_response(windows, RELATIONS, response, error, (0.1 * response, error), **options)


def _design_vectors(*names: str) -> Callable[..., Figure]:
    vector = np.sin(np.arange(POPULATIONS.total, dtype=np.float64))
    return lambda **options: plotting.design_vectors(dict.fromkeys(names, vector), "rate", POPULATIONS, **options)


def _design_progress(**options: object) -> Figure:
    steps = [{"iteration": k, "value": 0.2 + 0.1 * k, "standard_error": 0.05, "times_seen": 9} for k in range(4)]
    verified = {"design": 0.5, "naive": 0.3, "mean field": 0.5, "random": None}
    return plotting.design_progress(steps, verified, GOAL, **options)


def _design_verification(**options: object) -> Figure:
    numbers = {"verified": 0.3, "standard_error": 0.02, "predicted": 0.28, "predicted_low": 0.25, "predicted_high": 0.3}
    rows = [{"direction": name} | numbers for name in ("no perturbation", "design", "mean field")]
    return plotting.design_verification(rows, GOAL, **options)


def _design_leakage(**options: object) -> Figure:
    rows = [
        {
            "amplitude": amplitude,
            "role": role,
            "share": 0.4 + 0.1 * k,
            "standard_error": 0.05,
            "states": 9 - 4 * amplitude,
        }
        for amplitude in (0.0, 1.0, 2.0)
        for k, role in enumerate(("the state itself", "all but one of its clusters"))
    ]
    return plotting.design_leakage(rows, 3, "multiple of the design", **options)


def _margins_by_modes(**options: object) -> Figure:
    modes = np.arange(1, 7)
    each = modes / 9
    margins = Margins(modes, each, 0.9 * each, (0.1 * each, 0.2 * each, 0.4 * each), 0.6 * each, 0.8 * each, each)
    return plotting.margins_by_modes(margins, **options)


def _changes_by_margin(**options: object) -> Figure:
    values, errors = np.linspace(0, 0.3, 4), np.full(4, 0.05)
    changes = {"change of the share\nof time in the state": (values, errors)}
    return plotting.changes_by_margin(Verified(np.array([1, 1, 4, 4]), np.linspace(0.1, 0.4, 4), changes), **options)


#: By name in `neuro_mod.plotting`, with what is special about it after a space; called with ``ax=`` or without.
CASES: dict[str, Callable[..., Figure]] = {
    "response_map": _response_map,
    "step_response": _step_response,
    "design_vectors": _design_vectors("design", "naive"),
    "design_vectors of one": _design_vectors("design"),
    "design_progress": _design_progress,
    "design_verification": _design_verification,
    "design_leakage": _design_leakage,
    "margins_by_modes": _margins_by_modes,
    "changes_by_margin": _changes_by_margin,
}
