"""Times of events in sessions: given as numbers, lists, tables or files, or those of the stimulus of the runs."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.checks import user_path
from neuro_mod.errors import DataError, InputError, MissingFileError, invalid, show
from neuro_mod.recordings.sessions import Session
from neuro_mod.storage.reading import naming

#: In place of times: the onsets of the stimulus of the runs.
STIMULUS = "stimulus"
#: Columns of a table of events.
SESSION, TIME, CONDITION = "session", "time", "condition"

_FORMS = (
    "stimulus, times in seconds (the same in every session), one list of them for each session, or a table or CSV file "
    "with the columns session, time and, if there are any, condition"
)


def event_table(events: Any, sessions: Sequence[Session], start: float = 0.0, conditions: Any = None) -> pd.DataFrame:
    """Events as a table, ordered by session and time.

    Args:
        events: ``"stimulus"`` for the onsets of the stimulus of the runs; times in seconds, the same in every session;
            one list of times for each session; or a table, or a CSV file, with the columns ``session`` (number or
            name; may be missing with a single session), ``time`` in seconds and, optionally, ``condition``. Other
            columns are left out.
        sessions: The sessions.
        start: Begin of each session in seconds, from which the onsets of a stimulus are counted.
        conditions: Condition of each session; of each event, as one list for each session; or, with a single session,
            of each of its events. None for those of the table, if it has any.

    Returns:
        Columns ``session`` (number), ``time`` in seconds, ``condition`` (None without conditions).

    Raises:
        InputError: Events or conditions are not valid; the message names the session.
        DataError: A file is not such a table, or the runs do not tell when their stimulus begins.
    """
    if isinstance(events, str) and events == STIMULUS:
        table = _in_each(_onsets(sessions, start))
    elif isinstance(events, str | os.PathLike):
        table = _of_frame(_read(events), sessions, str(events))
    elif isinstance(events, pd.DataFrame):
        table = _of_frame(events, sessions, "events")
    else:
        table = _in_each(_given(events, len(sessions)))
    if not len(table):
        raise InputError(f"events: no event found; expected {_FORMS}")
    if conditions is not None:
        table[CONDITION] = _conditions_of_events(table[SESSION].to_numpy(), len(sessions), conditions)
    return table.sort_values([SESSION, TIME], kind="stable", ignore_index=True)


def _onsets(sessions: Sequence[Session], start: float) -> list[list[float]]:
    onsets = []
    for session in sessions:
        if session.stimulus is None:
            raise DataError(
                f"{session.where}: no description of a stimulus found beside the spikes; expected that of a run of "
                "this version; give the times of the events"
            )
        onsets.append([onset - start for onset in session.stimulus.onsets])
    if not any(onsets):
        raise DataError(f"{sessions[0].where}: a run without stimulus found; expected onsets; give times of events")
    return onsets


def _given(events: Any, n_sessions: int) -> list[NDArray[np.float64]]:
    """Times of each session from a number, numbers, or a list for each session."""
    nested = isinstance(events, list | tuple) and any(isinstance(each, list | tuple | np.ndarray) for each in events)
    if not nested:
        return [_times(np.atleast_1d(np.asarray(events, object)), "events")] * n_sessions
    if len(events) != n_sessions:
        raise InputError(f"events: {len(events)} lists found; expected one for each of {n_sessions} sessions")
    return [_times(np.asarray(each, object), f"events of session {index}") for index, each in enumerate(events)]


def _times(values: NDArray[Any], place: str) -> NDArray[np.float64]:
    try:
        times = values.astype(np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{place}: {show(values.ravel().tolist())} found; expected {_FORMS}") from None
    if times.ndim != 1 or not np.isfinite(times).all():
        raise InputError(f"{place}: {show(times.tolist())} found; expected finite times in seconds")
    return times


def _in_each(times: Sequence[Sequence[float] | NDArray[np.float64]]) -> pd.DataFrame:
    numbers = [len(each) for each in times]
    all_times = np.concatenate([np.asarray(each, np.float64) for each in times]) if times else np.zeros(0)
    columns = {SESSION: np.repeat(np.arange(len(times)), numbers), TIME: all_times}
    return pd.DataFrame(columns | {CONDITION: np.full(len(all_times), None, object)})


def _read(file: str | os.PathLike[str]) -> pd.DataFrame:
    path = user_path(file)
    if not path.exists():
        raise MissingFileError(f"{path}: no such file; expected {_FORMS}")
    with naming(path):
        frame = pd.read_csv(path, dtype={SESSION: str}, comment="#", skipinitialspace=True, encoding="utf-8-sig")
    return frame.rename(columns=lambda column: str(column).strip().lower())


def _of_frame(frame: pd.DataFrame, sessions: Sequence[Session], place: str) -> pd.DataFrame:
    optional = {SESSION} if len(sessions) == 1 else set()
    missing = {SESSION, TIME} - optional - set(frame.columns)
    if missing:
        found = ", ".join(map(str, frame.columns)) or "no column"
        raise InputError(f"{place}: columns {found} found; expected {SESSION}, {TIME} and, optionally, {CONDITION}")
    numbers = np.zeros(len(frame), np.int64)
    if SESSION in frame:
        names = [session.name for session in sessions]
        numbers = np.array([_number(value, names, f"{place}: {SESSION}") for value in frame[SESSION]], np.int64)
    times = _times(frame[TIME].to_numpy(object), f"{place}: {TIME}")
    known = [_plain(value) for value in frame[CONDITION]] if CONDITION in frame else [None] * len(frame)
    if CONDITION in frame and any(map(_missing, known)):
        row = next(row for row, value in enumerate(known) if _missing(value))
        raise InputError(f"{place}: no condition in row {row} found; expected one of each event")
    return pd.DataFrame({SESSION: numbers, TIME: times, CONDITION: pd.Series(known, dtype=object)})


def _number(value: Any, names: Sequence[str], place: str) -> int:
    """Number of a session from its number or name."""
    name = value.strip() if isinstance(value, str) else None
    if name in names:
        if names.count(name) > 1:
            raise invalid(place, name, f"the number of a session, as {names.count(name)} have this name")
        return names.index(name)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if number.is_integer() and 0 <= number < len(names):
        return int(number)
    different = list(dict.fromkeys(names))
    shown = ", ".join(different[:3]) + (", ..." if len(different) > 3 else "")
    raise invalid(place, _plain(value), f"a number from 0 to {len(names) - 1}, or a name ({shown})")


def _conditions_of_events(of_session: NDArray[np.int64], n_sessions: int, conditions: Any) -> NDArray[np.object_]:
    if isinstance(conditions, str) or not hasattr(conditions, "__len__"):
        raise invalid("conditions", conditions, "a list")
    given = [each.tolist() if isinstance(each, np.ndarray) else each for each in conditions]
    n_events = np.bincount(of_session, minlength=n_sessions)
    if any(isinstance(each, list | tuple) for each in given):
        found = [len(each) if isinstance(each, list | tuple) else -1 for each in given]
        if found != n_events.tolist():
            raise InputError(
                f"conditions: {len(given)} lists found; expected one for each of {n_sessions} sessions, with as many "
                "conditions as events"
            )
        flat = [value for each in given for value in each]
    elif n_sessions == 1 and len(given) == len(of_session):
        flat = given
    elif len(given) == n_sessions:
        flat = [given[session] for session in of_session]
    else:
        raise InputError(
            f"conditions: {len(given)} found; expected one for each of {n_sessions} sessions, or a list of those of "
            "its events for each"
        )
    if any(map(_missing, flat)):
        raise invalid("conditions", None, "a number or text for each")
    values = np.empty(len(flat), object)
    values[:] = [_plain(value) for value in flat]
    return values


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
