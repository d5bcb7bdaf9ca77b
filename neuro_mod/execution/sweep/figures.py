"""The figures of a sweep. Matplotlib is loaded only to draw."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.config.experiment import unit_of
from neuro_mod.config.sweep import Sweep
from neuro_mod.execution.figures import Save, save_figures
from neuro_mod.execution.sweep.measures import column_label
from neuro_mod.execution.sweep_columns import CONDITION, DIRECTION

if TYPE_CHECKING:
    import pandas as pd

    from neuro_mod.plotting.sweep_panels import SweptParameter


def save_sweep_figures(
    save: Save, sweep: Sweep, table: pd.DataFrame, measures: Mapping[str, Mapping[str, NDArray[np.float64]]]
) -> list[Path]:
    """Draw each measure over the parameters.

    Args:
        save: Saves a file.
        sweep: The sweep.
        table: Its results; only the columns of parameters and conditions are used.
        measures: Columns by measure.

    Returns:
        The files.
    """
    drawings = {
        name.replace(":", "_").replace(".", "_"): partial(_figure, sweep, table, columns)
        for name, columns in measures.items()
    }
    return save_figures(save, drawings, sweep.experiment.settings.plot_format)


def _figure(sweep: Sweep, table: pd.DataFrame, columns: Mapping[str, NDArray[np.float64]]) -> Any:
    from neuro_mod.plotting.sweep import sweep_figure  # noqa: PLC0415

    of_networks = sweep.file.by_network and sweep.file.numbers[0] > 1
    over_trials = sweep.file.numbers[-1] if of_networks else 1
    keys = *([DIRECTION] if sweep.directions else []), *sweep.parameters, *_condition(sweep)
    values = {key: table[key].to_numpy()[::over_trials] for key in keys}
    varied = [key for key, each in values.items() if len(set(each.tolist())) > 1] or list(values)[:1]
    is_grid = sweep.file.combine == "grid" or (sweep.file.combine == "zipped" and len(varied) == 1)
    swept = {key: _parameter(sweep, key, values[key]) for key in varied}
    return sweep_figure(
        [parameter for key, parameter in swept.items() if key != CONDITION],
        {column_label(column): _means(each, over_trials) for column, each in columns.items()},
        is_grid=is_grid,
        noun="networks" if of_networks else "trials" if sweep.file.by_network else "repeats",
        groups=swept.get(CONDITION),
    )


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
    from neuro_mod.plotting.sweep_panels import SweptParameter  # noqa: PLC0415

    unit = "" if key in {CONDITION, DIRECTION} else unit_of(key)
    label = f"{key} ({unit})" if unit else key
    if key != DIRECTION and values.dtype.kind in "if":
        return SweptParameter(label, values.astype(np.float64), (), key in sweep.points.keys_of_log_ranges)
    if values.dtype.kind == "b":
        values = np.where(values, "true", "false")
    place = {text: float(k) for k, text in enumerate(dict.fromkeys(map(str, values)))}
    return SweptParameter(label, np.array([place[str(value)] for value in values]), tuple(place))
