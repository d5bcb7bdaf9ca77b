"""The figures of a sweep. Matplotlib is loaded only to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from neuro_mod.choices import MeanFieldMeasure
from neuro_mod.config.labels import label_of
from neuro_mod.config.sweep import Sweep
from neuro_mod.execution.figures import Drawings, drawn
from neuro_mod.execution.sweep.mean_field_measures import PART_SEARCHED
from neuro_mod.execution.sweep.measures import KAPLAN_MEIER, column_label, split_by_states
from neuro_mod.execution.sweep_columns import CONDITION, DIRECTION, ERROR

#: Columns that a figure shows before others of their measure, and larger.
_FIRST = ("n_stable", "lowest_barrier_hz2")

if TYPE_CHECKING:
    import pandas as pd

    from neuro_mod.plotting.sweep.sweep_panels import SweptParameter


def drawings_of_sweep(
    sweep: Sweep, table: pd.DataFrame, measures: Mapping[str, Mapping[str, NDArray[np.float64]]]
) -> Drawings:
    """Each measure over the parameters.

    Of two means of a duration, the one by Kaplan-Meier is drawn; that of what was seen whole is too short.

    Args:
        sweep: The sweep.
        table: Its results; of its columns, those of parameters, conditions and errors are used.
        measures: Columns by measure.
    """
    drawings: Drawings = {}
    for measure, columns in measures.items():
        name = measure.replace(":", "_").replace(".", "_")
        numbered = {column: each for column, each in columns.items() if split_by_states(column)[1]}
        seen_whole = {column.replace(KAPLAN_MEIER, "") for column in columns if KAPLAN_MEIER in column}
        left_out = {*numbered, *seen_whole, PART_SEARCHED}
        others = {column: each for column, each in columns.items() if column not in left_out}
        others = {column: others[column] for column in sorted(others, key=lambda column: column not in _FIRST)}
        lines = _swept_number(sweep, table) if numbered else ""
        if others or not lines:
            is_theory = measure in get_args(MeanFieldMeasure)
            draw = partial(_figure, sweep, table, others or columns, is_theory=is_theory)
            drawings |= drawn({name: draw}, _about_kaplan_meier(table, columns))
        if lines:
            drawings |= drawn({f"{name}_by_state": partial(_by_state, sweep, table, numbered, lines)})
    return drawings


def _figure(
    sweep: Sweep, table: pd.DataFrame, columns: Mapping[str, NDArray[np.float64]], *, is_theory: bool, **place: Any
) -> Any:
    """Draw columns of a measure over what varies; theory is the same in all runs at a point, of which one is drawn."""
    from neuro_mod.plotting.sweep.sweep_figure import sweep_figure  # noqa: PLC0415

    of_networks = sweep.file.by_network and sweep.file.numbers[0] > 1
    over_trials = sweep.file.runs_at_point if is_theory else sweep.file.numbers[-1] if of_networks else 1
    values = {key: each[::over_trials] for key, each in _axes(sweep, table).items()}
    varied = [key for key, each in values.items() if len(set(each.tolist())) > 1] or list(values)[:1]
    swept = {key: _parameter(sweep, key, values[key]) for key in varied}
    noun = "networks" if of_networks else "trials" if sweep.file.by_network else "repeats"
    return sweep_figure(
        [parameter for key, parameter in swept.items() if key != CONDITION],
        {column_label(column): _means(each, over_trials) for column, each in columns.items()},
        is_grid=_is_grid(sweep, varied),
        noun="" if is_theory else noun,
        groups=swept.get(CONDITION),
        **place,
    )


def _by_state(
    sweep: Sweep, table: pd.DataFrame, columns: Mapping[str, NDArray[np.float64]], key: str, **place: Any
) -> Any:
    """Draw columns of different states of the mean field over one parameter, a line for each state."""
    from neuro_mod.plotting.sweep.sweep_lines import MAX_GROUPS, sweep_lines  # noqa: PLC0415
    from neuro_mod.plotting.sweep.sweep_panels import SweptParameter  # noqa: PLC0415

    n_at_point = sweep.file.runs_at_point  # theory is the same in all runs at a point
    parameter = _parameter(sweep, key, table[key].to_numpy()[::n_at_point])
    n, split = len(parameter.values), {column: split_by_states(column) for column in columns}
    counted = sweep.file.mean_field.states is None
    names = list(dict.fromkeys(states for _, states in split.values()))
    names = sorted(names, key=lambda name: int(name.split()[0])) if counted else names
    measures: dict[str, NDArray[np.float64]] = {}
    for column, (name, states) in split.items():
        rows = slice(names.index(states) * n, (names.index(states) + 1) * n)
        measures.setdefault(column_label(name), np.full(len(names) * n, np.nan))[rows] = columns[column][::n_at_point]
    groups = SweptParameter("", np.repeat(np.arange(len(names), dtype=float), n), tuple(names))
    repeated = replace(parameter, values=np.tile(parameter.values, len(names)))
    return sweep_lines(repeated, measures, "", groups, ordered=counted or len(names) > MAX_GROUPS, **place)


def _about_kaplan_meier(table: pd.DataFrame, columns: Mapping[str, NDArray[np.float64]]) -> str:
    """What a figure says of means by Kaplan-Meier; empty without any."""
    known = next((np.isfinite(each) for column, each in columns.items() if KAPLAN_MEIER in column), None)
    if known is None:
        return ""
    done = table[ERROR].to_numpy() == ""
    n, runs = int((done & ~known).sum()), f"{int(done.sum())} runs"
    left_out = f"; left out are {n} of {runs}, in which none was seen whole" if n else ""
    return f"Kaplan-Meier: restricted to the longest duration seen in each run{left_out}"


def _axes(sweep: Sweep, table: pd.DataFrame) -> dict[str, NDArray[Any]]:
    """The columns of what can differ between points."""
    keys = *([DIRECTION] if sweep.directions else []), *sweep.parameters, *_condition(sweep)
    return {key: table[key].to_numpy() for key in keys}


def _is_grid(sweep: Sweep, varied: Sequence[str]) -> bool:
    return sweep.file.combine == "grid" or (sweep.file.combine == "zipped" and len(varied) == 1)


def _swept_number(sweep: Sweep, table: pd.DataFrame) -> str:
    """The parameter that varies, if it is the only one and a number; else empty."""
    varied = [key for key, each in _axes(sweep, table).items() if len(set(each.tolist())) > 1]
    is_number = len(varied) == 1 and varied[0] != DIRECTION and table[varied[0]].dtype.kind in "if"
    return varied[0] if is_number and _is_grid(sweep, varied) else ""


def _condition(sweep: Sweep) -> list[str]:
    """The column of conditions, if there are any."""
    return [CONDITION] if sweep.file.conditions else []


def _means(values: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Mean over each n rows, which are the trials of a network: these are not independent of each other."""
    rows = values.reshape(-1, n)
    known = np.isfinite(rows)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known, rows, 0.0).sum(axis=1) / known.sum(axis=1)


def _parameter(sweep: Sweep, key: str, values: NDArray[Any]) -> SweptParameter:
    from neuro_mod.plotting.sweep.sweep_panels import SweptParameter  # noqa: PLC0415

    label = key if key in {CONDITION, DIRECTION} else label_of(key, sweep.experiment)
    if key != DIRECTION and values.dtype.kind in "if":
        return SweptParameter(label, values.astype(np.float64), (), key in sweep.points.keys_of_log_ranges)
    if values.dtype.kind == "b":
        values = np.where(values, "true", "false")
    place = {text: float(k) for k, text in enumerate(dict.fromkeys(map(str, values)))}
    return SweptParameter(label, np.array([place[str(value)] for value in values]), tuple(place))
