"""Spikes in rows, a time and a neuron each, and what else stands in the rows: it may separate sessions."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.errors import DataError
from neuro_mod.recordings.conventions import Conventions, TimeUnit
from neuro_mod.recordings.readings import Reading, reading_of_arrays

_LOG = logging.getLogger(__name__)
#: Names of columns that separate sessions: ``trial``, ``session_id``, ``TrialNumber``, ...
_SEPARATING = re.compile(r"(session|trial)s?(_?(id|index|number|num))?s?")
#: What messages expect beside times and neurons.
_SESSIONS_OF_ROWS, NONE_VARY = "columns trial or session, which make sessions", "none that vary"
#: Entries of rows that belong to no session.
_NO_SESSION = {"", "nan", "none", "nat", "<na>"}
#: Spikes of which it is no chance that those of each session come after those of the one before.
_MANY = 20
#: Sessions that a warning names at most.
_MAX_SHOWN = 5


class Rows(NamedTuple):
    """The spikes of a source.

    Args:
        arrays: ``times``, ``neurons`` (or ``ids``), and others of `NAMES`.
        separating: Columns of the same length that separate sessions, by name.
        unknown: Names of other columns whose entries differ within a session.
        unit: Unit of time that the names imply.
    """

    arrays: Mapping[str, Any]
    separating: Mapping[str, NDArray[Any]]
    unknown: tuple[str, ...] = ()
    unit: TimeUnit | None = None

    def reading(self, conventions: Conventions, where: str) -> Reading:
        """The spikes as one session.

        Raises:
            DataError: An array is not valid, or there are unknown columns.
        """
        refuse_unknown(self.unknown, conventions, where)
        unit = self.unit or conventions.time_unit
        return reading_of_arrays(self.arrays, replace(conventions, time_unit=unit), where)

    def chosen(self, index: NDArray[np.int64]) -> Rows:
        """Some of the rows."""
        of_rows = {name: self.arrays[name][index] for name in ("times", "neurons", "ids") if name in self.arrays}
        return self._replace(arrays={**self.arrays, **of_rows})


def separates_sessions(name: Any) -> bool:
    """Whether a column of this name separates sessions."""
    return _kind(name) is not None


def rows_of(arrays: Mapping[str, Any], beside: Mapping[str, NDArray[Any]], unit: TimeUnit | None = None) -> Rows:
    """Spikes with what stands beside them.

    Args:
        arrays: As for `Rows`.
        beside: Further arrays by name; those that have an entry for each spike are columns.
        unit: As for `Rows`.
    """
    length = np.shape(arrays["times"])
    complete = len(length) == 1 and np.shape(arrays["neurons" if "neurons" in arrays else "ids"]) == length
    beside = {name: column for name, column in beside.items() if complete and column.shape == length}
    separating = {name: column for name, column in beside.items() if separates_sessions(name)}
    unknown = differing({name: column for name, column in beside.items() if name not in separating}, separating)
    return Rows(arrays, separating, unknown, unit)


def differing(
    beside: Mapping[str, NDArray[Any]], separating: Mapping[str, NDArray[Any]] | None = None
) -> tuple[str, ...]:
    """Names of the columns whose entries differ within a session; running numbers of the rows do not count."""
    if not beside:
        return ()
    session = np.zeros(len(next(iter(beside.values()))), np.int64)
    for column in (separating or {}).values():
        codes, values = _codes(column)
        session = np.unique(session * len(values) + codes, return_inverse=True)[1].reshape(-1)
    order = np.argsort(session, kind="stable")
    same = np.diff(session[order]) == 0
    return tuple(
        name for name, column in beside.items() if _differs(column[order], same, counts=not separates_sessions(name))
    )


def refuse_unknown(
    names: Iterable[str], conventions: Conventions, where: str, expected: str = f"{_SESSIONS_OF_ROWS}, or {NONE_VARY}"
) -> None:
    """Refuse columns of which nobody said what they mean: they may separate spikes that would be pooled.

    Raises:
        DataError: There are some, and the conventions do not say that they are ignored.
    """
    shown = ", ".join(names)
    if shown and not conventions.ignore_columns:
        raise DataError(
            f"{where}: {shown} beside times and neurons found; expected {expected}; spikes of several recordings or "
            "populations would be pooled; ignore_columns=True (--ignore-columns) leaves such columns out"
        )


def sessions_of_rows(
    name: str, where: str, load: Callable[[], Rows]
) -> list[tuple[str, Callable[[Conventions], Reading]]]:
    """Name and reader of each session that the separating columns make.

    Args:
        name: Name of the source.
        where: The file, or the name of the data in messages.
        load: Reads all rows. Those that were read last are kept.

    Raises:
        DataError: A column has no entry for a spike, or times are not counted from the start of each session.
    """
    titles, _, _ = _parts(load, where)

    def read(number: int, conventions: Conventions) -> Reading:
        titles, order, bounds = _parts(load, where)
        rows = _loaded(load).chosen(order[bounds[number] : bounds[number + 1]])
        return rows.reading(conventions, f"{where}, {titles[number]}" if titles[number] else where)

    return [(f"{name}, {title}" if title else name, partial(read, number)) for number, title in enumerate(titles)]


@lru_cache(maxsize=1)
def _loaded(load: Callable[[], Rows]) -> Rows:
    """The rows of the source that was read last: its sessions are usually read one after the other."""
    return load()


@lru_cache(maxsize=1)
def _parts(load: Callable[[], Rows], where: str) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Title of each session, the rows sorted by session, and where each session begins among them."""
    rows = _loaded(load)
    times = np.asarray(rows.arrays["times"])
    session, titles = np.zeros(len(times), np.int64), [""]
    for name, column in rows.separating.items():
        codes, values = _codes(column)
        missing = [value for value in values if value.lower() in _NO_SESSION]
        if missing:
            raise DataError(f"{where}: {name}: {missing[0]!r} found; expected a session for each spike")
        if len(values) < 2:
            continue
        _warn_of_gaps(values, f"{where}: {name}")
        kind = _kind(name)
        pairs, session = np.unique(session * len(values) + codes, return_inverse=True)
        before, last = np.divmod(pairs, len(values))
        titles = [
            ", ".join(filter(None, (titles[first], f"{kind} {values[second]}")))
            for first, second in zip(before.tolist(), last.tolist(), strict=True)
        ]
    order = np.argsort(session, kind="stable")
    bounds = np.searchsorted(session[order], np.arange(len(titles) + 1))
    _check_begins(times[order], bounds, titles, where)
    return titles, order, bounds


def _kind(name: Any) -> str | None:
    """What a column separates: ``session`` or ``trial``."""
    matched = _SEPARATING.fullmatch(str(name).strip().lower())
    return None if matched is None else matched[1]


def _codes(column: NDArray[Any]) -> tuple[NDArray[np.int64], list[str]]:
    """Which value stands in each row, and the values, sorted; numbers in text as numbers are."""
    if column.dtype.kind not in "iufb":
        column = np.array([str(value).strip().strip("\"'") for value in column.tolist()] or [""][:0], dtype=str)
    values, codes = np.unique(column, return_inverse=True)
    shown = [str(int(value) if isinstance(value, float) and value.is_integer() else value) for value in values.tolist()]
    if column.dtype.kind != "U":
        return codes.reshape(-1), shown
    order = sorted(
        range(len(shown)), key=lambda index: re.sub(r"\d+", lambda digits: digits[0].zfill(20), shown[index])
    )
    place = np.empty(len(shown), np.int64)
    place[order] = np.arange(len(shown))
    return place[codes.reshape(-1)], [shown[index] for index in order]


def _differs(column: NDArray[Any], same: NDArray[np.bool_], counts: bool) -> bool:
    """Whether rows of the same session have different entries, apart from running numbers if the column may count."""
    numbers = column.dtype.kind in "iuf"
    if not (numbers or column.dtype.kind in "bU"):
        column = np.array(list(map(str, column.tolist())), dtype=str)
    changes = column[1:] != column[:-1]
    if column.dtype.kind == "f":
        changes &= ~(np.isnan(column[1:]) & np.isnan(column[:-1]))
    if not (changes & same).any():
        return False
    return not (numbers and counts) or bool((column[1:] - column[:-1] != 1)[same].any())


def _warn_of_gaps(values: list[str], what: str) -> None:
    """Warn of numbers that are left out: sessions without a spike have no row."""
    if not all(value.isdecimal() and len(value) < 10 for value in values):
        return
    numbers = sorted(map(int, values))
    n_missing = numbers[-1] - numbers[0] + 1 - len(numbers)
    if 0 < n_missing < len(numbers):
        missing = sorted(set(range(numbers[0], numbers[-1])) - set(numbers))
        shown = ", ".join(map(str, missing[:_MAX_SHOWN])) + ", ..." * (len(missing) > _MAX_SHOWN)
        _LOG.warning("%s: %s without spikes, and so no sessions; rates are means over the others", what, shown)


def _check_begins(times: NDArray[Any], bounds: NDArray[np.int64], titles: list[str], where: str) -> None:
    """Times are counted from the start of each session, not from that of the first.

    Raises:
        DataError: All sessions come one after the other.
    """
    if len(titles) < 2 or len(times) < _MANY or times.dtype.kind not in "iuf":
        return
    first, last = (reduce.reduceat(times, bounds[:-1]) for reduce in (np.minimum, np.maximum))
    if (first[1:] > last[:-1]).all():
        raise DataError(
            f"{where}: times that go on from {titles[0]} to {titles[1]} found; expected times from the start of each; "
            "subtract it, or give trials=False (--no-trials) for one session"
        )
