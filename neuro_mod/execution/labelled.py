"""Results as arrays of xarray, whose axes have names, coordinates and units."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuro_mod.checks import user_path
from neuro_mod.errors import InputError, invalid
from neuro_mod.execution.run_seeds import run_metadata
from neuro_mod.execution.sweep_columns import CONDITION, DIRECTION, ERROR, NETWORK, POINT, REPEAT, TRIAL
from neuro_mod.optional import optional
from neuro_mod.populations import Populations
from neuro_mod.recordings.written import check_file
from neuro_mod.storage.names import RESULTS_TABLE

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_TIME = {"long_name": "time", "units": "s"}
#: Units of what a run records, as texts of xarray have them.
_UNITS = {"rates": "Hz", "voltage": "threshold units", "current": "threshold units per second"}
_NAMES = {"rates": "firing rate", "voltage": "membrane voltage", "current": "synaptic current"}


def labelled_outputs(
    outputs: Mapping[str, Any], name: str, populations: Populations, neurons: NDArray[np.int64]
) -> Any:
    """Rates, voltage or current of a run, see `SpikingOutputs.to_xarray`."""
    if name not in _UNITS:
        raise invalid("name", name, f"one of {', '.join(_UNITS)}")
    if name not in outputs:
        raise invalid("name", name, f"one of {', '.join(each for each in _UNITS if each in outputs)}", f"record {name}")
    xarray, metadata = optional("xarray", "xarray"), outputs["metadata"]
    values = outputs[name]
    coordinates: dict[str, Any]
    if name == "rates":
        width, axis = metadata["rate_bin_sec"], "population"
        times = (np.arange(len(values)) + 0.5) * width
        coordinates = {"population": list(populations.names)}
    else:
        times, axis = np.arange(len(values)) * metadata["recorded_every"] * metadata["delta_t"], "neuron"
        of_neuron = np.array(populations.names)[populations.of_neuron[neurons]]
        coordinates = {"neuron": neurons, "population": ("neuron", of_neuron)}
    about = {"long_name": _NAMES[name], "units": _UNITS[name], "random_seed": metadata["random_seed"]}
    return xarray.DataArray(
        values, dims=("time", axis), coords={"time": ("time", times, _TIME), **coordinates}, name=name, attrs=about
    )


def to_xarray(sweep: str | os.PathLike[str] | pd.DataFrame, dims: Sequence[str] | None = None) -> Any:
    """The table of a sweep as an ``xarray.Dataset``: an axis for each parameter, a variable for each measure.

    Args:
        sweep: The folder of a sweep, or its table.
        dims: Columns that are axes; needed with a table. By default the parameters of a grid, else the number of the
            point; the condition and the direction, if there are any; and the number of the repeat, or of network and
            trial, where there are several.

    Returns:
        The dataset; NaN where there is no run.

    Raises:
        ImportError: xarray is not installed.
        InputError: It is no folder or table of a sweep, a column does not exist, or these columns do not tell all runs
            apart.

    Examples:
        >>> from neuro_mod import run_sweep, to_xarray
        >>> sweep = {"config": "small", "set": {"init_params.duration_sec": 0.1}, "measures": ["rates"], "trials": 2}
        >>> _ = run_sweep(sweep | {"parameters": {"arousal.level": [0, 0.5, 1]}}, "arousal")
        >>> dict(to_xarray("arousal").sizes)
        {'arousal.level': 3, 'trial': 2}
    """
    import pandas as pd  # noqa: PLC0415 -- importing takes half a second

    optional("xarray", "xarray")
    if isinstance(sweep, pd.DataFrame):
        if dims is None:
            raise invalid("dims", None, "the columns that are axes, with a table", "a folder says what was swept")
        table, axes, parameters = sweep, list(dims), []
    elif not isinstance(sweep, str | os.PathLike):
        raise invalid("sweep", sweep, "the folder of a sweep, or its table")
    else:
        table, about = sweep_table(user_path(sweep))
        parameters = about["parameters"]
        several = [name for name in (CONDITION, DIRECTION, REPEAT, NETWORK, TRIAL) if _varies(table, name)]
        axes = [*(parameters if about["combine"] == "grid" else [POINT]), *several] if dims is None else list(dims)
    if unknown := [name for name in axes if name not in table]:
        raise invalid("dims", unknown[0], f"columns of the table: {', '.join(map(str, table.columns))}")
    if not axes or table.duplicated(axes).any():
        raise invalid("dims", axes, "columns that tell all runs apart")
    left_out = {POINT, REPEAT, NETWORK, TRIAL, *parameters, ERROR} - {*axes, *(parameters if POINT in axes else ())}
    kept = table[[column for column in table.columns if column not in left_out]]
    return kept.set_index(axes if len(axes) > 1 else axes[0]).to_xarray()


def sweep_table(folder: Path) -> tuple[pd.DataFrame, Mapping[str, Any]]:
    """The table of a sweep, and its metadata.

    Raises:
        InputError: It is no folder of a sweep.
        DataError: The table is damaged.
    """
    import pandas as pd  # noqa: PLC0415 -- importing takes half a second

    place = folder / RESULTS_TABLE
    if not place.is_file() or "combine" not in (about := run_metadata(folder)):
        raise InputError(f"{folder}: no {RESULTS_TABLE} of a sweep found; expected the folder of a sweep")
    check_file(place, of_run=False)
    return pd.read_csv(place, keep_default_na=False, na_values=[""]), about


def _varies(table: pd.DataFrame, column: str) -> bool:
    return column in table and len(set(table[column])) > 1
