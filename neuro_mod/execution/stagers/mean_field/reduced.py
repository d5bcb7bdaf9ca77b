"""The landscape that a few focus populations see."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.mean_field.analysis.grid import field_on_grid
from neuro_mod.core.mean_field.analysis.landscape import (
    MINIMUM_FORCE,
    PATHS,
    SEARCHED,
    barriers,
    chosen_path,
    states_within,
)
from neuro_mod.core.mean_field.analysis.paths import potential_along
from neuro_mod.core.mean_field.analysis.sensitivities import barrier_sensitivities
from neuro_mod.core.mean_field.core.effective import EffectiveField
from neuro_mod.errors import InputError, invalid
from neuro_mod.execution.figures import Draw, Drawings, drawn
from neuro_mod.execution.progress import Counted, progress_shown
from neuro_mod.execution.stagers.mean_field.base import (
    MAX_RATE,
    SENSITIVITY_COLUMNS,
    MeanFieldOutputs,
    MeanFieldStager,
    by_population,
    named_by_population,
    rates_array,
)
from neuro_mod.execution.stagers.memory import demand_memory
from neuro_mod.storage.files import Files
from neuro_mod.storage.names import (
    BARRIER_SENSITIVITIES_TABLE,
    BARRIERS_TABLE,
    LANDSCAPE,
    POTENTIAL_TABLE,
    STATES_TABLE,
)
from neuro_mod.summaries import described

if TYPE_CHECKING:
    from neuro_mod.plotting.mean_field.potential import PathStates

GRID_DENSITY, GRID_LIMS = 0.5, (0.0, 60.0)
_SOLVED = Counted("solved", "grid points")
#: Bytes of a number, and how often the arrays of a grid exist while they are made.
_BYTES, _COPIES = 8, 3
#: Matrices of all populations for each point of a slice of the grid, while it is solved.
_MATRICES = 4
_ON_GRID = ("mesh", "nu_outs", "force_field", "curl", "rates", "ambient_stable")
_ON_PATH = ("path", "displacement", "potential", "path_rates")


class ReducedMeanFieldStager(MeanFieldStager):
    """Computes the landscape that a few focus populations see.

    Arguments and errors are those of `MeanFieldStager`.

    Examples:
        >>> from neuro_mod import ReducedMeanFieldStager
        >>> stager = ReducedMeanFieldStager("two_clusters")
        >>> landscape = stager.run(["E0", "E1"], grid_density=5.0, grid_lims=(0.0, 60.0))
        >>> landscape["force_field"].shape  # two components on a grid of 13 x 13 rates
        (2, 13, 13)
        >>> landscape
        Landscape of 6 populations
          focus            E0, E1; 169 points, 0 to 60 Hz
          states           stable node, saddle, stable node
          barriers (Hz^2)  2 to 1: 26, 0 to 1: 26
          path             path of minimum force
          theory           shifted response, poisson input
    """

    suffix = "_landscape"
    what = "landscape"
    gives = "states, barriers, potential, ..."

    def run(
        self,
        focus_pops: Sequence[int | str] = (0, 1),
        grid_density: float = GRID_DENSITY,
        grid_lims: tuple[float, float] = GRID_LIMS,
        *,
        path: str | ArrayLike = MINIMUM_FORCE,
        targets: Sequence[str] = (),
        progress: bool = False,
    ) -> Landscape:
        """Solve all other populations at every point of a grid of rates of the focus populations.

        Args:
            focus_pops: Indices or names of the focus populations, F of them.
            grid_density: Distance between neighbouring points in Hz.
            grid_lims: Lowest and highest rate in Hz.
            path: Along which the potential is shown: ``minimum_force``, through the wells that saddles connect, along
                the force; ``straight``, between the two wells that are farthest apart; or rates in Hz between which it
                is straight, shape ``(K, F)``.
            targets: Perturbed parameters with respect to which the barriers are differentiated.
            progress: Show the progress on stderr.

        Returns:
            ``axes``: rates of each focus population in Hz; ``mesh``, ``nu_outs``, ``force_field`` (their difference):
            Hz, shape ``(F, n, ..., n)``; ``curl``, shape ``(F (F - 1) / 2, n, ..., n)``; ``rates`` of all populations
            in Hz, shape ``(n, ..., n, n_pops)``; ``ambient_stable``: whether the equilibrium of the others
            attracts, shape ``(n, ..., n)``; ``states``, each with its rates ``nu``, its ``kind`` with the
            others in equilibrium, and ``full_kind`` if all rates are free; ``barriers``, each with ``well`` and
            ``saddle``, indices of states, and ``height`` in Hz^2;
            ``path`` in Hz, shape ``(M, F)``, ``displacement`` along it in Hz and ``potential`` in Hz^2, shape ``(M,)``,
            ``path_rates`` of all populations along it in Hz, ``path_kind`` in words; ``barrier_sensitivities``: by
            target the derivatives of the barriers with respect to perturbations of each population, in Hz^2 per unit of
            the target, shape ``(n_barriers, n_pops)``; ``metadata``. NaN where no equilibrium of the others was found.

        Raises:
            InputError: An argument is not valid, or the grid would not fit into memory.
        """
        begin = time.perf_counter()
        effective = self._effective(focus_pops)
        n_focus = len(effective.focus)
        axis = _axis(grid_density, grid_lims)
        path = _checked_path(path, n_focus)
        changes = self._changes(targets)
        self._demand_memory(len(axis), n_focus)
        with progress_shown(float(len(axis)) ** n_focus, quantity=_SOLVED, shown=progress) as report:
            grid = field_on_grid(effective, [axis] * n_focus, report)
        states = states_within(effective, grid)
        between = barriers(effective, states)
        chosen = chosen_path(path, states, between, grid) if isinstance(path, str) else ("given path", path, grid.near)
        path_kind, corners, near = chosen
        profile = potential_along(effective, corners, near)
        results = {
            "axes": grid.axes,
            "mesh": grid.mesh,
            "nu_outs": grid.nu_outs,
            "force_field": grid.force_field,
            "curl": grid.curl,
            "rates": grid.rates,
            "ambient_stable": grid.ambient_stable,
            "states": states,
            "barriers": between,
            "path": profile.path,
            "displacement": profile.displacement,
            "potential": profile.potential,
            "path_rates": profile.rates,
            "path_kind": path_kind,
            "barrier_sensitivities": barrier_sensitivities(effective, states, between, changes),
        }
        populations = self.circuit.populations
        names = [populations.names[index] for index in effective.focus]
        jumps = {"jumps_on_grid": grid.n_jumps, "jumps_on_path": profile.n_jumps}
        named = {"barrier_sensitivities": named_by_population(results["barrier_sensitivities"], populations)}
        results["metadata"] = _describe(results, names) | named | jumps | self._about(begin)
        self.outputs = Landscape(results, populations)
        return self.outputs

    def _effective(self, focus_pops: Sequence[int | str]) -> EffectiveField:
        if isinstance(focus_pops, str) or not isinstance(focus_pops, Iterable):
            raise invalid("focus_pops", focus_pops, "a list of populations")
        return EffectiveField(self.field, list(focus_pops))

    def _demand_memory(self, n_points: int, n_focus: int) -> None:
        p = self.field.n_populations
        numbers = float(n_points) ** n_focus * (p + 3 * n_focus + n_focus**2)
        numbers += float(n_points) ** (n_focus - 1) * p**2 * _MATRICES
        what = f"the {n_points}^{n_focus} points of this grid"
        demand_memory(numbers * _BYTES * _COPIES, what, "use a larger grid_density or fewer focus_pops")


class Landscape(MeanFieldOutputs):
    """Results of `ReducedMeanFieldStager`."""

    def _rows(self) -> dict[str, str]:
        about, states = self["metadata"], self["states"]
        heights = [f"{each['well']} to {each['saddle']}: {each['height_hz2']:.4g}" for each in about["barriers"]]
        low, high = about["grid_lims_hz"]
        return {
            "focus": f"{', '.join(about['focus_pops'])}; {about['grid_points']} points, {low:g} to {high:g} Hz",
            "states": described([state.kind for state in states]),
            "barriers (Hz^2)": described(heights),
            "path": about["path"],
        }

    def save(self, files: Files) -> None:
        """Save grid and path as arrays, and the potential, the states and the barriers as tables."""
        names = self["metadata"]["focus_pops"]
        files.save_arrays(LANDSCAPE, **{name: self[name] for name in _ON_GRID + _ON_PATH}, focus_pops=np.array(names))
        columns = [self["displacement"], self["potential"], *self["path"].T]
        keys = ["displacement_hz", "potential_hz2", *(f"{name}_hz" for name in names)]
        rows = [dict(zip(keys, row, strict=True)) for row in np.column_stack(columns).tolist()]
        files.save_table(POTENTIAL_TABLE, rows)
        states = self["metadata"]["states"]
        rows = [{"state": index} | state for index, state in enumerate(states)]
        files.save_table(STATES_TABLE, rows, ["state", "kind", "full_kind", "on_grid", *keys[2:]])
        files.save_table(BARRIERS_TABLE, self["metadata"]["barriers"], ["well", "saddle", "height_hz2"])
        if self["barrier_sensitivities"]:
            rows = [
                {"well": barrier.well, "saddle": barrier.saddle} | about
                for index, barrier in enumerate(self["barriers"])
                for about in by_population(
                    self["barrier_sensitivities"], index, self.populations, "height_hz2_per_unit"
                )
            ]
            columns = ["well", "saddle", *SENSITIVITY_COLUMNS, "height_hz2_per_unit"]
            files.save_table(BARRIER_SENSITIVITIES_TABLE, rows, columns)

    def drawings(self) -> Drawings:
        """The potential along the path, and the phase plane or sections of the grid."""
        # matplotlib is loaded only to draw
        from neuro_mod.plotting.mean_field.phase_plane import phase_plane  # noqa: PLC0415
        from neuro_mod.plotting.mean_field.potential import potential_profile  # noqa: PLC0415
        from neuro_mod.plotting.mean_field.sections import landscape_sections  # noqa: PLC0415

        names, path = self["metadata"]["focus_pops"], self["path"]
        states = [state for state in self["states"] if state.on_grid]
        kinds = [state.kind for state in states]
        places = np.array([state.nu for state in states]).reshape(-1, len(names))
        axes, force = self["axes"], self["force_field"]
        draws: dict[str, Draw] = {
            "potential": partial(
                potential_profile,
                self["displacement"],
                self["potential"],
                _on_path(self),
                self["path_kind"],
                rates=path,
                names=names,
            )
        }
        if len(names) == 2:
            draws["phase_plane"] = partial(phase_plane, axes, force, places, kinds, names, path)
        elif len(names) > 2:
            through = places[0] if len(places) else path[len(path) // 2]
            draws["sections"] = partial(landscape_sections, axes, force, places, kinds, names, through)
        return drawn(draws)


def _describe(outputs: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Metadata of a landscape, which JSON can hold."""
    unknown = np.isnan(outputs["rates"]).any(axis=-1)
    return {
        "focus_pops": list(names),
        "grid_points": int(unknown.size),
        "grid_points_unknown": int(unknown.sum()),
        "grid_points_ambient_unstable": int((~unknown & ~outputs["ambient_stable"]).sum()),
        "grid_lims_hz": [float(outputs["axes"][0][0]), float(outputs["axes"][0][-1])],
        "largest_curl": float(np.nanmax(np.abs(outputs["curl"]), initial=0.0)),
        "path": outputs["path_kind"],
        "searched": SEARCHED,
        "notes": _notes(outputs),
        "quadrature": f"trapezoidal rule on {len(outputs['path'])} points of the path",
        "states": [
            {"kind": state.kind, "full_kind": state.full_kind, "on_grid": state.on_grid}
            | {f"{name}_hz": float(rate) for name, rate in zip(names, state.nu, strict=True)}
            for state in outputs["states"]
        ],
        "barriers": [
            {"well": barrier.well, "saddle": barrier.saddle, "height_hz2": barrier.height}
            for barrier in outputs["barriers"]
        ],
    }


def _notes(outputs: Mapping[str, Any]) -> list[str]:
    """What may be wrong with the limits of the grid."""
    if any(state.n_unstable == 0 for state in outputs["states"]):
        return []
    low, high = (outputs["axes"][0][end] for end in (0, -1))
    return [f"no stable state lies within the limits of the grid, {low:g} to {high:g} Hz; widen them with grid_lims"]


def _on_path(outputs: Landscape) -> PathStates:
    """The steady states on the path."""
    from neuro_mod.plotting.mean_field.potential import PathStates  # noqa: PLC0415 -- matplotlib is loaded only to draw

    path, displacement = outputs["path"], outputs["displacement"]
    step = displacement[1] - displacement[0]
    found = [(int(np.linalg.norm(path - state.nu, axis=1).argmin()), state) for state in outputs["states"]]
    near = sorted((k, state.kind) for k, state in found if np.linalg.norm(path[k] - state.nu) <= step)
    places = [k for k, _ in near]
    return PathStates(displacement[places], outputs["potential"][places], [kind for _, kind in near])


def _axis(density: float, limits: Sequence[float]) -> NDArray[np.float64]:
    """Rates of a focus population in Hz, both limits included if the density divides their distance."""
    try:
        low, high = map(float, limits)
        step = float(density)
    except (TypeError, ValueError):
        found = f"{limits!r} and {density!r}"
        raise InputError(
            f"grid_lims, grid_density: {found} found; expected (lowest, highest) and a distance, in Hz"
        ) from None
    if not 0 <= low < high <= MAX_RATE:
        raise invalid("grid_lims", limits, f"0 <= lowest < highest <= {MAX_RATE:g}, in Hz")
    if not 0 < step <= high - low:
        raise invalid("grid_density", density, f"a distance in Hz above 0, and at most {high - low:g}")
    n_steps = np.floor((high - low) / step * (1 + 1e-12))
    if n_steps > 1e9:
        raise invalid("grid_density", density, f"fewer than {n_steps:.3g} points on each axis", "use a larger one")
    return np.asarray(low + step * np.arange(int(n_steps) + 1), np.float64)


def _checked_path(path: str | ArrayLike, n_focus: int) -> str | NDArray[np.float64]:
    """A path, refused before the grid is solved if it is not valid."""
    if isinstance(path, str):
        if path not in PATHS:
            raise invalid("path", path, f"{', '.join(PATHS)}, or an array of rates (K, {n_focus})")
        return path
    corners = rates_array(path)
    right = corners is not None and corners.ndim == 2 and corners.shape[1] == n_focus
    if corners is None or not right or not np.diff(corners, axis=0).any():
        found = "values that are not rates" if corners is None else f"shape {corners.shape}"
        expected = f"{', '.join(PATHS)}, or rates (K, {n_focus}) in Hz, from 0 to {MAX_RATE:g}"
        raise InputError(f"path: {found} found; expected {expected}, of K > 1 points that are not all the same")
    return corners
