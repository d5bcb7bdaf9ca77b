"""Spikes saved by Pynapple.

References:
    Viejo et al. (2023) Pynapple, a toolbox for data analysis in neuroscience. eLife 12:RP85786.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuro_mod.errors import DataError
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.readings import Reading, reading_of_units
from neuro_mod.recordings.rows import NONE_VARY, differing, refuse_unknown
from neuro_mod.storage.reading import KindsOfArrays, naming, read_arrays

#: Arrays of a file; that of metadata holds Python objects and is not read.
ARRAYS = ("type", "t", "index", "start", "end")
#: Units, also silent ones; files of early versions do not have it.
_KEYS = "keys"
#: Arrays that are not read: metadata, which are Python objects, and values at the times.
_UNREAD = ("_metadata", "d")


def read_tsgroup(file: Path, kinds: KindsOfArrays, conventions: Conventions) -> Reading:
    """Read a group of time stamps, `TsGroup.save`. Neuron i is the i-th unit, and the time support is the session.

    Args:
        file: The file.
        kinds: Its arrays, at least `ARRAYS`.
        conventions: The time unit and first neuron are not used.

    Raises:
        DataError: The file is damaged, its time support has several intervals, or further arrays of the spikes vary.
    """
    arrays = read_arrays(file, [*ARRAYS, *(name for name in kinds if name == _KEYS)])
    beside = [name for name in kinds if name not in (*arrays, *_UNREAD) and kinds[name][0] == arrays["t"].shape]
    objects = [name for name in beside if kinds[name][1].hasobject]
    found = read_arrays(file, [name for name in beside if name not in objects])
    refuse_unknown([*differing(found), *objects], conventions, str(file), NONE_VARY)
    with naming(file):
        kind = np.ravel(arrays["type"])
        if kind.tolist() != ["TsGroup"]:
            raise DataError(f"{file}: {', '.join(map(str, kind))} of Pynapple found; expected TsGroup")
        begin, end = (np.ravel(arrays[name]).astype(np.float64) for name in ("start", "end"))
        if len(begin) != 1 or len(end) != 1:
            raise DataError(f"{file}: a time support of {len(begin)} intervals found; expected one, the session")
        units = np.sort(arrays[_KEYS]) if _KEYS in arrays else np.unique(arrays["index"])
        index, times = arrays["index"], arrays["t"].astype(np.float64)
        position = np.searchsorted(units, index)
        known = (index.shape == times.shape) and bool((units[np.minimum(position, len(units) - 1)] == index).all())
        if not known:
            raise DataError(f"{file}: index of other units than the keys found; expected a unit for each time")
        counts = np.bincount(position, minlength=len(units))
        order = np.argsort(position, kind="stable")
    return reading_of_units(times[order], counts, (begin[0], end[0]), conventions, str(file))
