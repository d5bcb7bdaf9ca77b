"""What a design reads: vectors that span the allowed ones, and finished responses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.control.goals import Goal
from neuro_mod.errors import DataError, InputError, MissingFileError
from neuro_mod.populations import Populations
from neuro_mod.storage.names import CONFIG, RESPONSES
from neuro_mod.storage.reading import map_array, names_of_arrays, naming, read_arrays

#: Observables that start a design, followed by the number of the cluster.
_LOG_ODDS = "log odds"


def load_modes(file: Path, populations: Populations) -> NDArray[np.float64]:
    """Vectors in rows, from an ``.npy``, ``.npz`` (its array ``modes``, or its only one) or ``.csv`` file.

    Vectors that cover the E clusters alone are 0 on all other populations.

    Returns:
        Shape ``(M, P)``.

    Raises:
        DataError: The file cannot be read.
        InputError: It holds something else than vectors over the populations.
    """
    suffix = file.suffix.lower()
    if suffix == ".npz":
        names = names_of_arrays(file)
        name = "modes" if "modes" in names or len(names) != 1 else names[0]
        found = read_arrays(file, [name])[name]
    elif suffix == ".npy":
        found = np.array(map_array(file))
    elif suffix == ".csv":
        with naming(file):
            found = np.loadtxt(file, delimiter=",", ndmin=2)
    else:
        raise InputError(f"modes: {file.name} found; expected a file that ends with .npy, .npz or .csv")
    if found.dtype.kind not in "fiu" or found.ndim not in (1, 2):
        raise InputError(f"modes: {file}: an array of {found.dtype} with {found.ndim} axes found; expected numbers")
    found = np.atleast_2d(found).astype(np.float64)
    p = populations.n_clusters
    if found.shape[1] == p:
        found = np.hstack([found, np.zeros((len(found), populations.total - p))])
    if found.shape[1] != populations.total:
        expected = f"{p} entries a row, one for each E cluster, or {populations.total}, one for each population"
        raise InputError(f"modes: {file}: {found.shape[1]} entries a row found; expected {expected}")
    return found


def direction_of_responses(folder: Path, goal: Goal, populations: Populations) -> NDArray[np.float64]:
    """Responses of what leads to a goal, with the longest window: a direction from which a climb may start.

    Log-odds of the members, minus those of the others where the goal is about the state: to first order, the logarithm
    of the probability of the state if clusters were independent.

    Args:
        folder: Of a finished ``neuro-mod control response``.
        goal: The goal.
        populations: The layout of the network.

    Returns:
        Shape ``(P,)``; 0 for populations without neurons.

    Raises:
        DataError: The folder holds no responses of these clusters.
    """
    needed = ("observables", "populations", "windows", "response")
    saved = read_arrays(folder / RESPONSES, needed)
    observables, names = saved["observables"].tolist(), saved["populations"].tolist()
    weights = dict.fromkeys(goal.members, 1.0) | (dict.fromkeys(goal.others, -1.0) if goal.of_state else {})
    missing = [cluster for cluster in weights if f"{_LOG_ODDS} {cluster}" not in observables]
    if missing or any(name not in populations.names for name in names):
        raise DataError(f"{folder / RESPONSES}: log odds of clusters {missing} not found, or other populations")
    longest = saved["response"][int(np.argmax(saved["windows"]))]
    direction = np.zeros(populations.total)
    for cluster, weight in weights.items():
        response = longest[observables.index(f"{_LOG_ODDS} {cluster}")]
        # a cluster that never switched on has no response
        direction[[populations.index(name) for name in names]] += weight * np.nan_to_num(response)
    return direction


def responses_in(path: Path) -> Path | None:
    """The same path, if it is a folder with responses."""
    return path if (path / RESPONSES).is_file() else None


def config_of_folder(folder: Path) -> Path:
    """The configuration of a folder of responses.

    Raises:
        DataError: It holds none.
    """
    for name in (CONFIG, RESPONSES):
        if not (folder / name).is_file():
            expected = "expected a configuration, or the folder of a finished neuro-mod control response"
            raise MissingFileError(f"{folder}: no {name} found; {expected}")
    return folder / CONFIG
