"""Measures of the mean field at a point of a sweep: numbers for the table, and the arrays behind them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.config import Experiment
from neuro_mod.config.sweep.mean_field import MeanFieldSettings
from neuro_mod.core.mean_field.analysis.activity import rates_by_activity
from neuro_mod.core.mean_field.analysis.landscape import Barrier, LandscapeState
from neuro_mod.core.mean_field.core import FixedPoint, FixedPoints, stable_states_of
from neuro_mod.core.mean_field.core.clusters import active_clusters, interchangeable
from neuro_mod.core.mean_field.core.searches import share_of_placements
from neuro_mod.core.mean_field.core.sensitivity import Sensitivity
from neuro_mod.core.spiking_net.analysis.states.names import clusters_of_state
from neuro_mod.errors import NumericalError
from neuro_mod.execution.notices import notices_kept
from neuro_mod.execution.stagers import FullMeanFieldStager, ReducedMeanFieldStager
from neuro_mod.execution.stagers.mean_field.full import stacked_states
from neuro_mod.execution.stagers.memory import demand_memory
from neuro_mod.execution.sweep.measures import Numbers
from neuro_mod.populations import Populations

_Array = NDArray[Any]
#: Groups of neurons whose rates are columns.
_GROUPS = ("E active", "E inactive", "E background")
#: Column of the share of choices of active clusters from which states were searched for.
PART_SEARCHED = "part_searched"
#: Of the derivatives of a state with respect to a perturbation of one population: real and complex numbers.
_BYTES = 24


class Theory(NamedTuple):
    """Measures of the mean field at a point.

    Args:
        numbers: Numbers by measure and column, NaN where a number is not defined.
        arrays: Arrays by name.
    """

    numbers: dict[str, Numbers]
    arrays: dict[str, _Array]


class MeanFieldPoint:
    """The mean field at a point; what several measures need is computed once.

    Args:
        experiment: The configuration at the point, whose seed is that of the search.
        settings: How the measures are computed.
    """

    def __init__(self, experiment: Experiment, settings: MeanFieldSettings):
        self._experiment, self.settings = experiment, settings
        self._options = {"perturbation_time": settings.time, "n_z": settings.n_z}

    @cached_property
    def stager(self) -> FullMeanFieldStager:
        """The mean field of all populations."""
        return FullMeanFieldStager(self._experiment, **self._options)

    @property
    def populations(self) -> Populations:
        """The layout of cluster space."""
        return self.stager.circuit.populations

    @cached_property
    def states(self) -> FixedPoints:
        """The steady states."""
        return self.stager.run(n_runs=self.settings.starts)["distinct"]

    @cached_property
    def groups(self) -> dict[str, list[FixedPoint]]:
        """The stable states whose numbers are given, by what columns call them: ``3_active``, or ``E0+E1``.

        They are those with each number of active clusters, in ascending order, or those that the settings name, of
        which some may not exist.
        """
        if self.settings.states is None:
            stable = sorted(self.states.stable, key=_n_active)
            return {f"{n}_active": list(states) for n, states in groupby(stable, key=_n_active)}
        chosen = [clusters_of_state(name) for name in self.settings.states]
        found = stable_states_of(self.stager.field, chosen, self.stager.random_seed)
        return {name: [] if state is None else [state] for name, state in zip(self.settings.states, found, strict=True)}

    @property
    def in_groups(self) -> list[FixedPoint]:
        """All states of groups."""
        return [state for states in self.groups.values() for state in states]

    @property
    def part_searched(self) -> float:
        """Share of the choices of active clusters from which states were searched for; 1 where clusters are alike."""
        classes = interchangeable(self.stager.field.coefficients, self.populations)
        return share_of_placements(self.populations, classes)

    @cached_property
    def landscape(self) -> Mapping[str, Any]:
        """The landscape of the focus populations."""
        stager = ReducedMeanFieldStager(self._experiment, **self._options)
        limits = self.settings.grid_lims
        return stager.run(self.settings.focus, self.settings.grid_density, (limits[0], limits[1]))

    def sensitivities(self, state: FixedPoint) -> Mapping[str, Sensitivity] | None:
        """Derivatives of a state by target; None if it is at a fold, where there are none."""
        try:
            return self.stager.field.sensitivity(state, self.settings.targets)
        except NumericalError:
            return None

    def active(self, rates: _Array) -> tuple[int, ...]:
        """The active clusters in a state."""
        classes = interchangeable(self.stager.field.coefficients, self.populations)
        return active_clusters(rates, classes, self.populations)


def measure_mean_field(experiment: Experiment, measures: Iterable[str], settings: MeanFieldSettings) -> Theory:
    """Compute measures of the mean field.

    Args:
        experiment: The configuration at a point.
        measures: Names of `MEAN_FIELD_MEASURES`.
        settings: How they are computed.

    Raises:
        InputError: A perturbation makes a parameter impossible, or an argument does not fit the network.
    """
    point = MeanFieldPoint(experiment, settings)
    with notices_kept():
        found = {name: MEAN_FIELD_MEASURES[name](point) for name in measures}
    arrays = {"populations": np.array(point.populations.names)}
    for _, each in found.values():
        arrays |= each
    return Theory({name: numbers for name, (numbers, _) in found.items()}, arrays)


def _fixed_points(point: MeanFieldPoint) -> tuple[Numbers, dict[str, _Array]]:
    stable = point.states.stable
    n_active = [len(state.active) for state in stable]
    numbers: Numbers = {
        "n_distinct": float(len(point.states)),
        "n_stable": float(len(stable)),
        "n_attractors": float(sum(state.multiplicity for state in stable)),
        "fewest_active": float(min(n_active, default=math.nan)),
        "most_active": float(max(n_active, default=math.nan)),
        PART_SEARCHED: point.part_searched,
    }
    for label, states in point.groups.items():
        rates = [rates_by_activity(state.rates, state.active, point.populations) for state in states]
        for group in _GROUPS:
            values = [each[group] for each in rates]
            if None not in values:  # there are such neurons, or no state
                numbers[f"rate_{group.replace(' ', '_')}_hz_of_{label}"] = _mean(states, values)
    return numbers, stacked_states(point.states, point.populations.n_clusters) | _of_groups(point)


def _eigenvalues(point: MeanFieldPoint) -> tuple[Numbers, dict[str, _Array]]:
    leading = {
        label: max((float(state.eigenvalues[0].real) for state in states), default=math.nan)
        for label, states in point.groups.items()
    }
    known = [value for value in leading.values() if not math.isnan(value)]
    numbers = {"leading_per_sec": max(known, default=math.nan)}
    numbers |= {f"leading_per_sec_of_{label}": value for label, value in leading.items()}
    return numbers, _of_groups(point)


def _of_groups(point: MeanFieldPoint) -> dict[str, _Array]:
    """Arrays of the stable states whose numbers are given."""
    states, shape = point.in_groups, (-1, point.populations.total)
    return {
        "state_group": np.array([label for label, each in point.groups.items() for _ in each], str),
        "state_rates": np.array([state.rates for state in states]).reshape(shape),
        "state_eigenvalues": np.array([state.eigenvalues for state in states], complex).reshape(shape),
    }


def _barriers(point: MeanFieldPoint) -> tuple[Numbers, dict[str, _Array]]:
    landscape, populations = point.landscape, point.populations
    states: Sequence[LandscapeState] = landscape["states"]
    barriers: Sequence[Barrier] = landscape["barriers"]
    focus = [populations.index(population) for population in point.settings.focus]
    names = [_name(point.active(state.rates), focus, populations) for state in states]
    numbers: Numbers = {
        "n_wells": float(sum(state.n_unstable == 0 for state in states)),
        "lowest_barrier_hz2": min((barrier.height for barrier in barriers), default=math.nan),
    }
    for barrier in sorted(barriers, key=lambda each: (names[each.well], each.height)):
        for other in barriers:
            if other.saddle == barrier.saddle and names[other.well] != names[barrier.well]:
                column = f"barrier_{names[barrier.well]}_to_{names[other.well]}_hz2"
                numbers.setdefault(column, barrier.height)  # the lowest of several
    shape = (len(states), populations.total)
    arrays = {
        "landscape_rates": np.array([state.rates for state in states]).reshape(shape),
        "landscape_kind": np.array([state.kind for state in states], str),
        "landscape_name": np.array(names, str),
        "barrier_well": np.array([barrier.well for barrier in barriers], np.int64),
        "barrier_saddle": np.array([barrier.saddle for barrier in barriers], np.int64),
        "barrier_height_hz2": np.array([barrier.height for barrier in barriers], float),
    }
    return numbers, arrays


def _sensitivities(point: MeanFieldPoint) -> tuple[Numbers, dict[str, _Array]]:
    targets, p = point.settings.targets, point.populations.total
    n_bytes = _BYTES * float(len(point.in_groups)) * len(targets) * p**2
    demand_memory(n_bytes, f"sensitivities of {len(point.in_groups)} states", "name some with mean_field.states")
    numbers: Numbers = {}
    by_target: dict[str, list[Sensitivity | None]] = {target: [] for target in targets}
    for label, states in point.groups.items():
        found = [point.sensitivities(state) for state in states]
        for target in targets:
            of_target = [None if each is None else each[target] for each in found]
            by_target[target] += of_target
            rows = [
                _in_numbers(each, state.active, point.populations)
                for state, each in zip(states, of_target, strict=True)
                if each is not None
            ]
            if 0 < len(rows) == len(states):  # else one is at a fold
                numbers |= {
                    f"{column}_{target}_of_{label}": _mean(states, [row[column] for row in rows]) for column in rows[0]
                }
    arrays = _of_groups(point)
    for target, each in by_target.items():
        for name, shape, kind in (("rates", (p, p), float), ("eigenvalues", (p, p), complex), ("leading", (p,), float)):
            unknown = np.full(shape, np.nan, kind)
            values = [unknown if of_state is None else getattr(of_state, name) for of_state in each]
            arrays[f"d_{name}_d_{target}"] = np.array(values, kind).reshape(-1, *shape)
    return numbers, arrays


def _in_numbers(found: Sensitivity, active: Sequence[int], populations: Populations) -> dict[str, float]:
    """Means over clusters of the derivatives of their rates and of the leading eigenvalue."""
    p = populations.n_clusters
    by, leading = found.rates[:p, :p], found.leading[:p]  # of which cluster, by the perturbation of which
    is_active = np.isin(np.arange(p), np.asarray(active, np.int64))
    own = np.eye(p, dtype=bool)
    pairs = {
        "d_active_d_own": own & is_active,
        "d_active_d_other_active": ~own & is_active & is_active[:, None],
        "d_active_d_inactive": is_active & ~is_active[:, None],
        "d_inactive_d_own": own & ~is_active,
        "d_inactive_d_active": ~is_active & is_active[:, None],
    }
    numbers = {name: float(by[which].mean()) for name, which in pairs.items() if which.any()}
    for name, which in (("active", is_active), ("inactive", ~is_active)):
        if which.any():
            numbers[f"d_leading_d_{name}"] = float(leading[which].mean())
    return numbers


def _name(active: Sequence[int], focus: Sequence[int], populations: Populations) -> str:
    """The active clusters among the focus populations, such as ``E0+E1``; ``none`` if none is."""
    return "+".join(populations.names[index] for index in focus if index in active) or "none"


def _n_active(state: FixedPoint) -> int:
    return len(state.active)


def _mean(states: Sequence[FixedPoint], values: Sequence[float | None]) -> float:
    """Mean over states, their images counted; NaN without states."""
    if not states:
        return math.nan
    weights = np.array([float(state.multiplicity) for state in states])
    return float(weights @ np.array(values, float) / weights.sum())


#: Measures of the mean field by name.
MEAN_FIELD_MEASURES: dict[str, Callable[[MeanFieldPoint], tuple[Numbers, dict[str, _Array]]]] = {
    "fixed_points": _fixed_points,
    "eigenvalues": _eigenvalues,
    "barriers": _barriers,
    "sensitivities": _sensitivities,
}
