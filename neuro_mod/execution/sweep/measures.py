"""The measures of a sweep: numbers of each run, by column of the table of results."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import Any

from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.core.spiking_net.analysis.rates.rates import ACTIVE_RATE
from neuro_mod.core.spiking_net.analysis.states.quantities import QUANTITIES
from neuro_mod.errors import InputError
from neuro_mod.execution.stagers.outputs import SpikingOutputs
from neuro_mod.execution.sweep.user_functions import UserFunction, find_function

#: Numbers of one measure by column.
Numbers = dict[str, float]
#: What the name of a mean by Kaplan-Meier has and that of the mean over what was seen whole, beside it, has not.
KAPLAN_MEIER = "_kaplan_meier"
#: Labels of columns in figures; other columns are labelled by their names.
_LABELS = {
    "active_clusters": f"E clusters above {ACTIVE_RATE:g} Hz",
    **{
        name: f"{quantity.label} ({quantity.unit})" if quantity.unit else quantity.label
        for name, quantity in QUANTITIES.items()
    },
    "n_distinct": "distinct steady states",
    "n_stable": "stable states",
    "n_attractors": "stable states, images counted",
    "fewest_active": "fewest active clusters",
    "most_active": "most active clusters",
    "rate_E_active_hz": "rate of active E clusters (Hz)",
    "rate_E_inactive_hz": "rate of other E clusters (Hz)",
    "leading_per_sec": "leading eigenvalue (1/s)",
    "n_wells": "wells of the landscape",
}
_OF_STATES = re.compile(r"(.+)_of_(\d+_active|none|E\d+(?:\+E\d+)*)")
_DERIVATIVE = re.compile(rf"d_(active|inactive|leading)_d_(.+)_({'|'.join(TARGETS)})")
_DERIVED = {"active": ("active rate", "Hz"), "inactive": ("other rate", "Hz"), "leading": ("eigenvalue", "1/s")}
_UNITS = {"_hz": "Hz", "_hz2": "Hz²", "_per_sec": "1/s", "_sec": "s", "_ms": "ms"}


class MeasuredRun:
    """A run to be measured; its states are detected once for all measures.

    Args:
        outputs: What `StageSNNSimulation.run` returned.
        analysis: Keyword arguments of `Analyzer`; by default none.
    """

    def __init__(self, outputs: SpikingOutputs, analysis: Mapping[str, Any] | None = None):
        self.outputs, self._analysis = outputs, analysis or {}

    @cached_property
    def analyzer(self) -> Analyzer:
        """States of the run."""
        return Analyzer(self.outputs, **self._analysis)


def find_measures(names: Sequence[str], folder: Path) -> dict[str, UserFunction | None]:
    """The functions of the user among measures, and None for each that is built in.

    Args:
        names: Names of measures that are built in, and functions of the user as ``module:function``.
        folder: Folder of the user's modules that are not installed.

    Raises:
        InputError: A function does not exist.
    """
    return {name: find_function(name, folder) if ":" in name else None for name in names}


def measure_versions(measures: Mapping[str, UserFunction | None]) -> dict[str, str]:
    """Versions of the code of measures, see `find_measures`, as plans hold them."""
    return {name: function.sha256 if function else "built in" for name, function in measures.items()}


def depends_on_analysis(name: str) -> bool:
    """Whether a measure changes with the arguments of `Analyzer`; functions of the user do not get these."""
    return name in MEASURES and name != "rates"


def measure(
    outputs: SpikingOutputs,
    measures: Mapping[str, UserFunction | None],
    analysis: Mapping[str, Any] | None = None,
) -> dict[str, Numbers]:
    """Measure a run.

    Args:
        outputs: What `StageSNNSimulation.run` returned, spikes included.
        measures: The measures, see `find_measures`.
        analysis: Keyword arguments of `Analyzer`; by default none.

    Returns:
        Numbers by measure and column, NaN where a number is not defined.

    Raises:
        InputError: A function of the user does not exist, or returns something other than numbers.
    """
    run = MeasuredRun(outputs, analysis)
    return {
        name: MEASURES[name](run) if function is None else _of_user(name, function(outputs))
        for name, function in measures.items()
    }


def split_by_states(column: str) -> tuple[str, str]:
    """A column without its ending ``_of_3_active`` or ``_of_E0+E1``, and these states in words, if it has one."""
    found = _OF_STATES.fullmatch(column)
    return (found[1], found[2].replace("_", " ")) if found else (column, "")


def column_label(column: str) -> str:
    """Label of a column in figures: ``rate of E clusters (Hz)``."""
    column, states = split_by_states(column)
    if states:
        words, _, unit = column_label(column).partition(" (")
        return f"{words}, {states}" + (f" ({unit}" if unit else "")
    if column in _LABELS:
        return _LABELS[column]
    if derivative := _DERIVATIVE.fullmatch(column):
        (what, unit), whose, target = _DERIVED[derivative[1]], derivative[2], derivative[3]
        words = f"change of {what}, by {whose} {target}".replace("_", " ")
        return f"{words} ({unit} per {TARGETS[target].unit or 'unit'})"
    ending = next((ending for ending in _UNITS if column.endswith(ending)), "")
    words = column.removesuffix(ending).replace("_", " ")
    words = f"rate of {words.removeprefix('rate ')}" if words.startswith(("rate E ", "rate I ")) else words
    return f"{words} ({_UNITS[ending]})" if ending else words


def _of_user(name: str, returned: Any) -> Numbers:
    numbers = returned if isinstance(returned, Mapping) else {name.partition(":")[2]: returned}
    try:
        if numbers and all(isinstance(column, str) and column for column in numbers):
            return {column: _number(value) for column, value in numbers.items()}
    except (TypeError, ValueError, OverflowError):
        pass
    raise InputError(
        f"measure {name}: {returned!r:.60} returned; expected a number, or a mapping from names to numbers"
    )


def _number(value: Any) -> float:
    if value is None:
        return math.nan
    if isinstance(value, Real) or getattr(value, "shape", None) == ():
        return float(value)
    raise TypeError


def _rates(run: MeasuredRun) -> Numbers:
    metadata = run.outputs["metadata"]
    rates = {f"rate_{kind.replace(' ', '_')}_hz": rate for kind, rate in metadata["mean_rates_by_kind_hz"].items()}
    return rates | {"active_clusters": _number(metadata["active_clusters"])}


def _of_states(*names: str) -> Callable[[MeasuredRun], Numbers]:
    """The measure of these `QUANTITIES`."""

    def measured(run: MeasuredRun) -> Numbers:
        tables = run.analyzer.session_tables()
        return {name: QUANTITIES[name].value(tables) for name in names}

    return measured


#: Measures by name.
MEASURES: dict[str, Callable[[MeasuredRun], Numbers]] = {
    "rates": _rates,
    "n_states": _of_states("n_states", "active_clusters_detected"),
    "lifetimes": _of_states("mean_lifespan_kaplan_meier_sec", "mean_lifespan_sec", "time_reassigned"),
    "occupancy": _of_states("occupancy"),
    "activations": _of_states("mean_activation_kaplan_meier_sec", "mean_activation_sec", "activation_rate_hz"),
    "intervals": _of_states("mean_interval_kaplan_meier_sec", "mean_interval_sec", "interval_cv"),
    "entropy": _of_states("state_entropy_bits"),
}
