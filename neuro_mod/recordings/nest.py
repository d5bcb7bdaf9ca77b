"""Spikes in files of NEST, which writes one file for each thread.

References:
    NEST 3: the recording backend ``ascii`` (files ``LABEL-NODE-THREAD.dat``); NEST 2: files ``LABEL-NODE-THREAD.gdf``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from glob import escape
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.errors import DataError
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.readings import Reading, reading_of_times
from neuro_mod.storage.reading import naming

_LOG = logging.getLogger(__name__)
#: Start of a file of NEST 3.
_HEADER = "# NEST version"
_COLUMNS = ["sender", "time_ms"]
#: Files of NEST 2; they have no header, and always neurons and times in ms.
GDF = ".gdf"
#: The last number of a name is that of the thread; without a header, only names as NEST gives them are believed.
_NAME, _NAME_OF_NEST = re.compile(r"(.*?)(\d+)", re.DOTALL), re.compile(r"(.+-\d+-)(\d+)", re.DOTALL)
#: What comes before the number of the thread: the label and the number of the recorder.
_LABEL = re.compile(r"(.+-)(\d+)-", re.DOTALL)
#: Files that a warning names at most.
_MAX_SHOWN = 3
#: NEST writes spikes neuron by neuron within the shortest delay. Times that go further back begin anew.
_DISORDER_MS = 100.0


class _Part(NamedTuple):
    """What one thread wrote: times in ms."""

    where: str
    times: NDArray[np.float64]
    neurons: NDArray[Any]


def is_nest(file: Path) -> bool:
    """Whether a file begins as those of NEST 3 do."""
    with naming(file), file.open("rb") as stream:
        return stream.read(len(_HEADER)) == _HEADER.encode()


def holds_spikes(file: Path) -> bool:
    """Whether a file of any kind is one of NEST with spikes: multimeters have further columns."""
    if recorder_of(file) is not None and file.suffix.lower() == GDF:
        with naming(file), file.open(encoding="utf-8", errors="replace") as stream:
            return len(_names(stream.readline())) in (0, len(_COLUMNS))
    if not file.is_file() or not is_nest(file):
        return False
    with naming(file), file.open(encoding="utf-8", errors="replace") as stream:
        return any(_names(line) == _COLUMNS for line, _ in zip(stream, range(3), strict=False))


class Recorder(NamedTuple):
    """A recorder of NEST: what the names of its files have in common."""

    folder: Path
    name: str
    ending: str

    def __str__(self) -> str:
        return str(self.folder / f"{self.name}*{self.ending}")


def recorder_of(file: Path) -> Recorder | None:
    """The recorder that wrote a file; None if it was not NEST."""
    legacy = file.suffix.lower() == GDF
    matched = (_NAME_OF_NEST if legacy else _NAME).fullmatch(file.stem)
    if matched is None or not file.is_file() or not (legacy or is_nest(file)):
        return None
    return Recorder(file.parent, matched[1], file.suffix)


def warn_of_missing_threads(recorder: Recorder, files: Sequence[Path]) -> None:
    """Warn where files of other threads lie beside these, or the numbers of the threads have a gap."""
    beside = recorder.folder.glob(f"{escape(recorder.name)}*{recorder.ending}")
    left = sorted({each.name for each in beside if recorder_of(each) == recorder} - {file.name for file in files})
    threads = {int(file.stem.removeprefix(recorder.name)) for file in files}
    gaps = sorted(set(range(max(threads))) - threads) if _NAME_OF_NEST.fullmatch(files[0].stem) else []
    if left or gaps:
        missing = ", ".join(left[:_MAX_SHOWN]) + ", ..." * (len(left) > _MAX_SHOWN) or f"those of threads {gaps}"
        _LOG.warning("%s: not all files of the threads of NEST found; missing are the spikes in %s", recorder, missing)


def warn_of_populations(recorders: Iterable[Recorder]) -> None:
    """Warn of several recorders of one simulation, which usually record its populations."""
    groups: dict[Recorder, list[str]] = {}
    for recorder in recorders:
        matched = _LABEL.fullmatch(recorder.name)
        if matched is not None:
            groups.setdefault(recorder._replace(name=matched[1]), []).append(matched[2])
    for group, nodes in groups.items():
        if len(nodes) > 1:
            _LOG.warning(
                "%s: recorders %s of NEST found, each a session; if they recorded populations of one simulation, join "
                "their files into one (cat *%s > spikes.txt)",
                group,
                ", ".join(nodes),
                group.ending,
            )


def read_nest(files: Sequence[Path], conventions: Conventions) -> Reading:
    """Read what the threads of one recorder wrote, as one session.

    Args:
        files: One file for each thread; several that were joined into one file are read as well.
        conventions: The time unit is not used, it is ms.

    Raises:
        DataError: A file is damaged, its times begin anew, or a neuron is in the files of two threads.
    """
    conventions = replace(conventions, time_unit="ms")
    parts = [part for file in files for part in _parts(file)]
    for part in parts:
        if (np.maximum.accumulate(part.times) - part.times > _DISORDER_MS).any():
            reading_of_times(part.times, part.neurons, conventions, part.where)  # is refused as any other source
    if len(files) == 1 and not files[0].stat().st_size:
        raise DataError(f"{files[0]}: an empty file found; expected neurons and times")
    _check_neurons(parts)
    times = np.concatenate([part.times for part in parts])
    neurons = np.concatenate([part.neurons for part in parts])
    order = np.argsort(times, kind="stable")
    recorder = recorder_of(files[0])
    where = str(files[0] if len(files) == 1 else recorder)
    return reading_of_times(times[order], neurons[order], conventions, where)


def _parts(file: Path) -> Iterator[_Part]:
    with naming(file):
        text = file.read_text(encoding="utf-8")
        for part in text.split(_HEADER)[1:] if text.startswith(_HEADER) else [text]:
            lines = part.splitlines(keepends=True)
            start = 0
            if part is not text:  # the rest of the first line, the version of the format, the names of the columns
                start = 3
                names = [] if len(lines) < start else _names(lines[2])
                if names != _COLUMNS:
                    raise DataError(f"{file}: columns {', '.join(names)} found; expected {', '.join(_COLUMNS)}")
            yield _Part(str(file), *_numbers("".join(lines[start:])))


def _numbers(lines: str) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Times and neurons of lines of both."""
    if not lines.strip():
        return np.empty(0), np.empty(0, np.int64)
    table = pd.read_csv(StringIO(lines), sep=r"\s+", header=None, comment="#")
    if table.shape[1] != 2:
        raise ValueError(f"{table.shape[1]} columns found; expected neurons and times")
    return table[1].to_numpy(np.float64), table[0].to_numpy()


def _names(line: str) -> list[str]:
    return line.removeprefix("#").split()


def _check_neurons(parts: Sequence[_Part]) -> None:
    """A neuron belongs to one thread: the same in two files is in two runs."""
    seen: dict[Any, str] = {}
    for part in parts:
        neurons = np.unique(part.neurons).tolist()
        twice = [neuron for neuron in neurons if neuron in seen]
        if twice:
            raise DataError(
                f"{part.where}: neuron {twice[0]} found, as in {seen[twice[0]]}; expected different neurons in the "
                "files of the threads of one run; put the files of each run into a folder of its own"
            )
        seen.update(dict.fromkeys(neurons, part.where))
