"""Steady states of all populations."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.checks import whole_number
from neuro_mod.core.mean_field.analysis.activity import rates_by_activity
from neuro_mod.core.mean_field.core import FixedPoint, FixedPoints, fixed_points
from neuro_mod.core.mean_field.core.fixed_points import N_STARTS
from neuro_mod.core.mean_field.core.searches import MAX_START
from neuro_mod.errors import InputError, invalid
from neuro_mod.execution.figures import Drawings, drawn
from neuro_mod.execution.stagers.mean_field.base import MAX_RATE, MeanFieldOutputs, MeanFieldStager, rates_array
from neuro_mod.execution.stagers.memory import demand_memory
from neuro_mod.populations import Populations
from neuro_mod.storage.files import Files
from neuro_mod.storage.json_values import json_value
from neuro_mod.storage.names import FIXED_POINTS, FIXED_POINTS_TABLE

MAX_RUNS = 100_000
#: Bytes of a number, and how often starts exist while they are solved.
_BYTES, _COPIES = 8, 6
#: Between the entries of a list within a table.
_AND = " "


class FullMeanFieldStager(MeanFieldStager):
    """Finds the steady states of all populations.

    Arguments and errors are those of `MeanFieldStager`.

    Examples:
        >>> from neuro_mod import FullMeanFieldStager
        >>> outputs = FullMeanFieldStager("two_clusters").run(n_runs=20)
        >>> for state in outputs["distinct"]:  # one of several that follow from each other by exchanging clusters
        ...     print(state.rates[:2].round(1), state.kind, state.multiplicity)
        [52.3  5.2] stable focus 2
        [29.2 29.2] saddle 1
    """

    suffix = "_fixed_points"
    what = "steady states"
    gives = "distinct, metadata, ..."

    def run(
        self, n_runs: int = N_STARTS, *, nu_init: ArrayLike | None = None, highest_start: float = MAX_START
    ) -> SteadyStates:
        """Find steady states from random starts, and from starts that the symmetry of the clusters suggests.

        Args:
            n_runs: Number of random starts, at most `MAX_RUNS`. Adding one changes no other start, nor its end, up to
                rounding; the states in ``distinct`` depend on all of them.
            nu_init: Rates in Hz to start from instead, shape ``(n_runs, n_pops)``.
            highest_start: Largest rate in Hz of the uniform ones among the random starts; every third start is
                log-uniform, from 0.001 Hz to ``1 / tau_refractory``, or to 1e4 Hz if that is lower.

        Returns:
            ``nu_init`` and ``fixed_point``: where each run started and ended in Hz, shape ``(n_runs, n_pops)``, NaN
            where it found nothing; ``converged``, shape ``(n_runs,)``; ``stability`` of each end, as
            ``kind`` of `FixedPoint`, empty where it found nothing; ``distinct``: all different states, see
            `fixed_points`; ``reached``: which of them each run found, -1 for none; ``metadata``.

        Raises:
            InputError: An argument is not valid.
        """
        begin = time.perf_counter()
        n_runs = whole_number("n_runs", n_runs, 0, MAX_RUNS)
        starts = None if nu_init is None else _starts(nu_init, self.field.n_populations)
        highest = rates_array(highest_start)
        if highest is None or highest.ndim or highest == 0:
            raise invalid("highest_start", highest_start, "a positive rate in Hz")
        if starts is None:
            n_bytes = _BYTES * _COPIES * float(n_runs) * self.field.n_populations
            demand_memory(n_bytes, f"{n_runs} random starts", "use fewer")
        found = fixed_points(self.field, n_runs, self.random_seed, starts=starts, highest_start=highest_start)
        ends, converged = found.found.x.copy(), found.found.converged
        ends[~converged] = np.nan
        populations = self.circuit.populations
        results = {
            "nu_init": found.starts,
            "fixed_point": ends,
            "converged": converged,
            "stability": np.array([found[index].kind if index >= 0 else "" for index in found.reached], str),
            "distinct": found,
            "reached": found.reached,
            "metadata": _describe(found, populations) | self._about(begin),
        }
        self.outputs = SteadyStates(results, populations)
        return self.outputs


class SteadyStates(MeanFieldOutputs):
    """Results of `FullMeanFieldStager`."""

    def _rows(self) -> dict[str, str]:
        about, found = self["metadata"], self["distinct"]._summary()
        starts = f"{about['n_converged']} of {about['n_runs']} random starts converged"
        return {"found": found.title, **found.rows, "search": starts}

    def save(self, files: Files) -> None:
        """Save the states as a table, and arrays of states and runs."""
        found, populations = self["distinct"], self.populations
        rows = [
            {"state": index}
            | {name: _AND.join(map(str, value)) if isinstance(value, list) else value for name, value in about.items()}
            | {f"{name}_hz": float(rate) for name, rate in zip(populations.names, point.rates, strict=True)}
            | {f"{name}_cv": float(cv) for name, cv in zip(populations.names, point.cv, strict=True)}
            for index, (point, about) in enumerate(zip(found, self["metadata"]["states"], strict=True))
        ]
        files.save_table(FIXED_POINTS_TABLE, rows)
        runs = {name: self[name] for name in ("nu_init", "fixed_point", "converged", "stability", "reached")}
        files.save_arrays(FIXED_POINTS, **stacked_states(found, populations.n_clusters), **runs)

    def drawings(self) -> Drawings:
        """The rates of all states, if there are any."""
        # matplotlib is loaded only to draw
        from neuro_mod.plotting.mean_field.fixed_points import fixed_point_map  # noqa: PLC0415

        found: FixedPoints = self["distinct"]
        if not len(found):
            return {}
        return drawn(
            {
                "fixed_points": partial(
                    fixed_point_map,
                    np.stack([point.rates for point in found]),
                    np.array([point.eigenvalues[0].real for point in found]),
                    [point.kind for point in found],
                    np.array([len(point.active) for point in found]),
                    [point.multiplicity for point in found],
                    self.populations,
                )
            }
        )


def _describe(found: FixedPoints, populations: Populations) -> dict[str, Any]:
    """Metadata of a search for steady states, which JSON can hold."""
    return {
        "n_runs": len(found.starts),
        "n_converged": int(found.found.converged.sum()),
        "searched": found.searched,
        "n_distinct": len(found),
        "n_stable": len(found.stable),
        "states": [
            describe_state(point, populations) | {"reached": int((found.reached == index).sum())}
            for index, point in enumerate(found)
        ],
    }


def describe_state(point: FixedPoint, populations: Populations) -> dict[str, Any]:
    """A steady state in a row: kind, active clusters, leading eigenvalue in 1/s, mean rates in Hz and CVs of groups."""
    leading = point.eigenvalues[0]
    cvs = rates_by_activity(point.cv, point.active, populations)
    about = {
        "kind": point.kind,
        "n_active": len(point.active),
        "active": list(point.active),
        "multiplicity": point.multiplicity,
        "leading_eigenvalue": [float(leading.real), float(leading.imag)],
        "residual": point.residual,
    }
    about |= {f"{group}_hz": rate for group, rate in rates_by_activity(point.rates, point.active, populations).items()}
    return about | {f"{group}_cv": json_value(cv) for group, cv in cvs.items()}


def stacked_states(found: FixedPoints, n_clusters: int) -> dict[str, Any]:
    """Fields of all states as arrays, an entry for each state.

    Args:
        found: The states.
        n_clusters: Number of E clusters.
    """
    shape = (len(found), found.starts.shape[1])
    vectors = {
        name: np.array([getattr(point, name) for point in found]).reshape(shape)
        for name in ("rates", "mu", "sigma", "cv", "eigenvalues")
    }
    return vectors | {
        "residual": np.array([point.residual for point in found]),
        "kind": np.array([point.kind for point in found], str),
        "multiplicity": np.array([float(point.multiplicity) for point in found]),
        "active": np.array([np.isin(np.arange(n_clusters), point.active) for point in found], bool).reshape(
            len(found), n_clusters
        ),
    }


def _starts(values: ArrayLike, n_populations: int) -> NDArray[np.float64]:
    rates = rates_array(values)
    if rates is None:
        raise InputError(f"nu_init: values that are not rates found; expected Hz, from 0 to {MAX_RATE:g}")
    if rates.ndim != 2 or rates.shape[1] != n_populations:
        raise InputError(f"nu_init: shape {rates.shape} found; expected rates (n_runs, {n_populations}) in Hz")
    return rates
