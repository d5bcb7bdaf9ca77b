"""Spikes of a long run wait on the disk, not in memory, until the run is over."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

import numpy as np
from numpy.typing import NDArray

from neuro_mod.errors import StorageError
from neuro_mod.recordings.spikes import SpikeEvents


class SpikeStream:
    """Takes the spikes of a simulation (`Recording.on_spikes`) into nameless files, gone with the last who uses them.

    As a context, it stops taking spikes at the end; those taken stay readable.

    Args:
        folder: Where there is room for them.

    Raises:
        StorageError: Nothing can be written there.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        try:
            self._files: list[IO[bytes]] = [tempfile.TemporaryFile(dir=folder) for _ in range(2)]  # noqa: SIM115
        except OSError as error:
            raise StorageError(f"cannot keep spikes in {folder}: {error.strerror}") from error
        self._n_spikes = 0
        self._done = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            with suppress(OSError):  # a full disk has been reported, and what is left unwritten is of no use
                file.close()

    def __call__(self, steps: NDArray[np.int32], neurons: NDArray[np.int32], done: int) -> None:
        """Take the spikes up to step ``done``; what has been taken is not taken again.

        Raises:
            StorageError: The disk is full, say.
        """
        if done <= self._done:
            return
        try:
            for file, values in zip(self._files, (steps, neurons), strict=True):
                _write_at(file, self._n_spikes * values.itemsize, values.tobytes())
        except OSError as error:
            raise StorageError(f"cannot keep the spikes in {self._folder}: {error.strerror}") from error
        self._n_spikes, self._done = self._n_spikes + len(steps), done

    def events(self, n_steps: int, n_neurons: int, delta_t: float) -> SpikeEvents:
        """All spikes, read from the disk as they are needed."""
        if not self._n_spikes:
            return SpikeEvents(np.empty(0, np.int32), np.empty(0, np.int32), n_steps, n_neurons, delta_t)
        steps, neurons = (np.memmap(file, np.int32, "r", shape=(self._n_spikes,)) for file in self._files)
        return SpikeEvents(steps, neurons, n_steps, n_neurons, delta_t)


def _write_at(file: IO[bytes], offset: int, content: bytes) -> None:
    file.seek(offset)
    file.write(content)
    file.flush()
