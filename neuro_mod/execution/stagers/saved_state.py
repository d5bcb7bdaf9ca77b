"""The state in which a run ended, on the disk."""

from __future__ import annotations

import logging
import os
from dataclasses import fields
from typing import Any

import numpy as np

from neuro_mod.checks import output_file, user_path
from neuro_mod.core.spiking_net.engine.state import State
from neuro_mod.recordings.written import check_file
from neuro_mod.storage.names import DATA, STATE
from neuro_mod.storage.reading import names_of_arrays, read_arrays
from neuro_mod.storage.run_folder import file_in_run
from neuro_mod.storage.writing import write_whole

_LOG = logging.getLogger(__name__)

_Path = str | os.PathLike[str]


def load_state(path: _Path) -> State:
    """Read the state in which a run ended, to continue from it.

    States of earlier versions do not say which network they belong to: a warning is logged.

    Args:
        path: A ``state.npz``, or the folder of the run.

    Raises:
        MissingFileError: There is no such file, or the folder holds many runs, which save no states.
        DataError: It is damaged, not one of ours, or not what the run wrote.

    Examples:
        >>> from neuro_mod import StageSNNSimulation, load_state
        >>> _ = StageSNNSimulation("small").execute("none", out="first", duration_sec=0.1)
        >>> load_state("first").step  # 0.1 s in steps of 0.5 ms
        200
    """
    hint = "only run saves the state in which it ends: run a configuration with the seed of the repeat"
    place = user_path(path)
    file = file_in_run(place, STATE, f"{DATA}/*", hint)
    check_file(file, of_run=place.is_dir())
    names = [field.name for field in fields(State)]
    if "network" not in names_of_arrays(file):
        _LOG.warning("%s does not say which network it belongs to; whether it fits is not checked", file)
        names.remove("network")
    arrays = read_arrays(file, names)
    seed, delta_t = str(arrays["seed"]), float(arrays["delta_t"])
    return State(
        arrays["voltage"],
        arrays["current"],
        arrays["refractory"],
        int(arrays["step"]),
        None if np.isnan(delta_t) else delta_t,
        int(seed) if seed else None,
        str(arrays.get("network", "")) or None,
    )


def save_state(path: _Path, state: State) -> None:
    """Write a state to an ``.npz`` file, whole or not at all; `load_state` reads it.

    Args:
        path: The file.
        state: The state.

    Raises:
        InputError: It is a folder, a link, a pipe or a device.
        OSError: It could not be written.

    Examples:
        >>> from neuro_mod import StageSNNSimulation, load_state, save_state
        >>> stager = StageSNNSimulation("small")
        >>> save_state("before.npz", stager.run(duration_sec=0.1).state)
        >>> stager.run(duration_sec=0.1, initial_state=load_state("before.npz")).state.step
        400
    """
    write_whole(output_file(path), lambda file: np.savez(file, **state_arrays(state)))


def state_arrays(state: State) -> dict[str, Any]:
    """A state as arrays; the seed, which may have any number of digits, as text."""
    arrays = {field.name: getattr(state, field.name) for field in fields(state)}
    seed, delta_t = state.seed, state.delta_t
    arrays["network"] = state.network or ""
    return arrays | {"seed": "" if seed is None else str(seed), "delta_t": np.nan if delta_t is None else delta_t}
