"""Copies of a session, which are no further sessions: files with the same content, and the same spikes."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path

import numpy as np

from neuro_mod.errors import DataError
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.files import read_file
from neuro_mod.recordings.sessions import Session
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.storage.reading import naming, sha256_of

#: Bytes at the begin, in the middle and at the end of files of the same size that are compared first.
_SAMPLE = 4096


def fingerprint(spikes: SpikeEvents) -> tuple[int, ...]:
    """Checksums of the steps and neurons of spikes, which other spikes do not have by chance."""
    return len(spikes), *(zlib.crc32(np.ascontiguousarray(array).data) for array in (spikes.steps, spikes.neurons))


def refuse_copies(sessions: Iterable[Session]) -> None:
    """Refuse a file that is given twice, and files with the same content, unless they hold no spikes.

    Files of one run may be equal: with common noise, conditions that change nothing give the same spikes.

    Raises:
        DataError: There are such files; the message names both.
    """
    seen, files, origins = set[tuple[Path, str]](), dict[Path, Path](), dict[Path, Path]()
    for session in sessions:
        for file in session.files:
            place = file.parent.resolve() / file.name  # also by another path, such as a/../a/file
            if (place, session.name) in seen:
                raise DataError(f"{file}: given twice; expected each session once; leave one out")
            seen.add((place, session.name))
            files.setdefault(place, file)
            origins[file] = session.run or file
    groups = [list(files.values())]
    for key in (lambda file: file.stat().st_size, _sample, sha256_of):
        groups = [part for group in groups for part in _parted(group, key)]
    for first, *others in groups:
        second = next((file for file in others if origins[file] != origins[first]), None)
        if second is not None and _holds_spikes(second):
            raise DataError(f"{second}: the same content as {first} found; expected another session; leave one out")


def _holds_spikes(file: Path) -> bool:
    """Whether a file holds spikes; also if it cannot be read as it is."""
    try:
        return len(read_file(file, Conventions(sort=True, ignore_columns=True)).spikes) > 0
    except DataError:
        return True


def _parted(files: Iterable[Path], key: Callable[[Path], Hashable]) -> list[list[Path]]:
    """Groups of several files of the same key."""
    groups: dict[Hashable, list[Path]] = {}
    for file in files:
        with naming(file):
            groups.setdefault(key(file), []).append(file)
    return [group for group in groups.values() if len(group) > 1]


def _sample(file: Path) -> bytes:
    size = file.stat().st_size
    with file.open("rb") as stream:
        found = b""
        for place in (0, size // 2, size - _SAMPLE):
            stream.seek(max(0, place))
            found += stream.read(_SAMPLE)
    return found
