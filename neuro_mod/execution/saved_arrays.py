"""Reading back what a run has saved, without trusting the file."""

from __future__ import annotations

import os
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from neuro_mod.core.spiking_net.spikes import SpikeEvents
from neuro_mod.core.spiking_net.state import State
from neuro_mod.execution.run_folder import SPIKES, STATE, write_whole

_Path = str | os.PathLike[str]


def load_spikes(path: _Path) -> SpikeEvents:
    """Read spikes that a run has saved.

    Args:
        path: A ``spikes.npz``, or the folder of the run.

    Raises:
        OSError: The file is missing, damaged, or not one of ours.
    """
    file = _file(path, SPIKES)
    arrays = _read(file, ("steps", "neurons", "n_steps", "n_neurons", "delta_t"))
    steps, neurons = arrays["steps"], arrays["neurons"]
    n_steps, n_neurons, delta_t = int(arrays["n_steps"]), int(arrays["n_neurons"]), float(arrays["delta_t"])
    for name, index, bound in (("steps", steps, n_steps), ("neurons", neurons, n_neurons)):
        whole = index.ndim == 1 and np.issubdtype(index.dtype, np.integer) and len(index) == len(steps)
        if not whole or (index.size and not 0 <= index.min() <= index.max() < bound):
            raise OSError(f"{file} is damaged: {name} are not indices below {bound}")
    if not 0 < delta_t < np.inf or (np.diff(steps) < 0).any():
        raise OSError(f"{file} is damaged: time does not run forward")
    return SpikeEvents(steps, neurons, n_steps, n_neurons, delta_t)


def load_state(path: _Path) -> State:
    """Read the state in which a run ended, to continue from it.

    Args:
        path: A ``state.npz``, or the folder of the run.

    Raises:
        OSError: The file is missing, damaged, or not one of ours.
    """
    file = _file(path, STATE)
    arrays = _read(file, tuple(field.name for field in fields(State)))
    seed, delta_t = str(arrays["seed"]), float(arrays["delta_t"])
    return State(
        arrays["voltage"],
        arrays["current"],
        arrays["refractory"],
        int(arrays["step"]),
        None if np.isnan(delta_t) else delta_t,
        int(seed) if seed else None,
    )


def save_state(path: _Path, state: State) -> None:
    """Write a state to an ``.npz`` file, whole or not at all; `load_state` reads it.

    Args:
        path: The file.
        state: The state.

    Raises:
        OSError: It could not be written.
    """
    write_whole(Path(path), lambda file: np.savez(file, **state_arrays(state)))


def state_arrays(state: State) -> dict[str, Any]:
    """A state as arrays; the seed, which may have any number of digits, as text."""
    arrays = {field.name: getattr(state, field.name) for field in fields(state)}
    seed, delta_t = state.seed, state.delta_t
    return arrays | {"seed": "" if seed is None else str(seed), "delta_t": np.nan if delta_t is None else delta_t}


def _file(path: _Path, name: str) -> Path:
    return Path(path) / name if Path(path).is_dir() else Path(path)


def _read(file: Path, names: tuple[str, ...]) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(file) as archive:
            return {name: _read_array(archive, f"{name}.npy") for name in names}
    except FileNotFoundError:
        raise
    except Exception as error:  # zipfile, NumPy and KeyError each have their own words for a damaged file
        raise OSError(f"{file} is damaged or not what it should be: {error}") from error


def _read_array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """One array, once its header has been found to agree with the size of its file."""
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is compressed")
    content = archive.read(name)
    with archive.open(name) as member:
        npy.read_magic(member)
        shape, _, dtype = npy.read_array_header_1_0(member)
        header = member.tell()
    if dtype.hasobject or len(content) - header != dtype.itemsize * int(np.prod(shape, dtype=object)):
        raise ValueError(f"the header of {name} disagrees with its content")
    return np.frombuffer(content, dtype, offset=header).reshape(shape)
