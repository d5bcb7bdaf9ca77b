"""Spikes in SONATA files, as BMTK and NEST's SONATA backend write them.

References:
    Dai et al. (2020) The SONATA data format for efficient description of large-scale network models. PLOS Comput. Biol.
    16:e1007696.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.errors import DataError
from neuro_mod.optional import optional
from neuro_mod.recordings.conventions import Conventions, TimeUnit
from neuro_mod.recordings.nwb import lies_in
from neuro_mod.recordings.readings import Reading, reading_of_times
from neuro_mod.recordings.rows import NONE_VARY, differing, refuse_unknown
from neuro_mod.storage.reading import MAX_UNPACKED, naming

#: The arrays of a population.
ARRAYS = ("timestamps", "node_ids")
_UNITS: dict[str, TimeUnit] = {"ms": "ms", "milliseconds": "ms", "s": "s", "seconds": "s"}


def read_sonata(file: Path, conventions: Conventions) -> Reading:
    """Read ``/spikes/POPULATION/timestamps`` and ``node_ids``, of the one population that has spikes.

    Times are in ms unless the attribute ``units`` says otherwise. The format does not order spikes; they are sorted.

    Args:
        file: The file.
        conventions: The time unit is not used.

    Raises:
        DataError: The file is damaged, holds no spikes, or those of several populations, or further arrays of
            them vary.
        ImportError: h5py is not installed.
    """
    h5py = optional("h5py", "nwb")
    with naming(file), h5py.File(file, "r") as content:
        if not _is_group(h5py, content, "spikes"):
            raise DataError(f"{file}: {', '.join(content) or 'nothing'} found; expected a group spikes, as in SONATA")
        population = _population(h5py, content["spikes"], file)
        times, neurons = (_array(h5py, population, name, file) for name in ARRAYS)
        others = [name for name in population if name not in ARRAYS and _is_dataset(h5py, population, name)]
        beside = [name for name in others if population[name].shape == times.shape]
        numbers = [name for name in beside if population[name].dtype.kind in "uif"]
        varying = differing({name: _array(h5py, population, name, file) for name in numbers})
        unit = population["timestamps"].attrs.get("units", population.attrs.get("units", "ms"))
    shown = unit.decode() if isinstance(unit, bytes) else str(unit)
    if shown not in _UNITS:
        raise DataError(f"{file}: units {shown!r} found; expected one of {', '.join(_UNITS)}")
    if len(times) != len(neurons):
        raise DataError(f"{file}: {len(times)} timestamps and {len(neurons)} node_ids found; expected equally many")
    refuse_unknown([*varying, *(name for name in beside if name not in numbers)], conventions, str(file), NONE_VARY)
    order = np.argsort(times, kind="stable")
    return reading_of_times(times[order], neurons[order], replace(conventions, time_unit=_UNITS[shown]), str(file))


def _population(h5py: Any, spikes: Any, file: Path) -> Any:
    """The group of the only population, or of the only one with spikes."""
    names = [name for name in spikes if _is_group(h5py, spikes, name)]
    found = [name for name in names if len(_array(h5py, spikes[name], "timestamps", file))] or names
    if len(found) != 1:
        shown = ", ".join(found) or "no population"
        raise DataError(
            f"{file}: {shown} found in spikes; expected one population; their neurons are numbered separately, so give "
            "(times, neurons) of all in Python"
        )
    return spikes[found[0]]


def _is_group(h5py: Any, parent: Any, name: str) -> bool:
    return isinstance(parent.get(name, getlink=True), h5py.HardLink) and isinstance(parent[name], h5py.Group)


def _is_dataset(h5py: Any, parent: Any, name: str) -> bool:
    return isinstance(parent.get(name, getlink=True), h5py.HardLink) and isinstance(parent[name], h5py.Dataset)


def _array(h5py: Any, group: Any, name: str, file: Path) -> NDArray[Any]:
    """A dataset that is in the file itself and fits into memory."""
    if not _is_dataset(h5py, group, name):
        raise DataError(f"{file}: {group.name}: no array {name} found; expected timestamps and node_ids")
    dataset = group[name]
    if not lies_in(file, dataset):
        raise DataError(f"{file}: {dataset.name}: a link to another file found; expected data in the file itself")
    if dataset.ndim != 1 or dataset.dtype.kind not in "uif" or 8 * dataset.size > MAX_UNPACKED:
        raise DataError(
            f"{file}: {dataset.name}: {dataset.dtype} of shape {dataset.shape} found; expected numbers (n_spikes,), at "
            f"most {MAX_UNPACKED // 8}"
        )
    return dataset[()]
