"""Says on stderr that kernels are being compiled: with a bar on a terminal, in two lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress

from neuro_mod.core.compilation_watch import STOPPED, Watcher, compilation_watched
from neuro_mod.execution.tables_shown import tables_shown
from neuro_mod.execution.terminal import bars_are_shown, bars_shown

TEXT = "compiling once for this machine"

#: Kernels that are compiled one after the other, unless some are in the cache: to simulate a dense network, and to
#: simulate a sparse one. Others are compiled alone.
GROUPS: Sequence[Sequence[str]] = (
    ("sample_bits", "count_in_bits", "list_from_bits", "advance"),
    ("sample_targets", "find_runs", "gather_runs", "advance"),
)
#: Seconds that took on one machine, for the length of bars; one second for those that are not here.
_SECONDS: Mapping[str, float] = {"sample_bits": 1.4, "count_in_bits": 0.3, "list_from_bits": 0.2, "advance": 11.0}
#: How full the bar of a part may become before that part is compiled.
_NEARLY = 0.95

_shown_already = False


@contextmanager
def compilation_shown(shown: bool = True) -> Iterator[None]:
    """Say on stderr when kernels are compiled, which takes seconds, and response tables are computed.

    Nothing is said where they come from the cache.

    Args:
        shown: Whether anything is said at all.
    """
    global _shown_already  # noqa: PLW0603 -- what is shown within is shown once
    if not shown or sys.stderr is None or _shown_already:  # stderr is None where it is closed, as under a daemon
        yield
        return
    _shown_already = True
    watched = _with_bars() if bars_are_shown() else _in_log()
    try:
        with watched as watcher, compilation_watched(watcher), tables_shown():
            yield
    finally:
        _shown_already = False


class _Parts:
    """Counts the kernels that a command compiles one after the other."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._rest: list[str] = []
        self._present = ""
        #: When the first and the present one were begun, as `time.monotonic` counts.
        self.since = self._began = 0.0
        #: Seconds from the begin of the first to the end of the latest one; None while one is being compiled.
        self.seconds_taken: float | None = None

    def __contains__(self, name: str) -> bool:
        """Whether a kernel belongs to the present group, and may follow."""
        return name in self._rest

    def begin(self, name: str) -> None:
        """Note that a kernel is being compiled."""
        self._began, self.seconds_taken = time.monotonic(), None
        self._present = name
        if name not in self:
            self._done, self.since = [], self._began
            self._rest = [*next((group for group in GROUPS if name in group), (name,))]
        self._rest = self._rest[self._rest.index(name) + 1 :]  # those before it were in the cache

    def end(self) -> bool:
        """Note that it is compiled; returns whether it was the last of its group."""
        self._done.append(self._present)
        self.seconds_taken = time.monotonic() - self.since
        return not self._rest

    @property
    def number(self) -> int:
        """How many there are, as far as is known."""
        return len(self._done) + 1 + len(self._rest)

    @property
    def seconds(self) -> float:
        """How long they take on one machine."""
        return sum(_SECONDS.get(name, 1.0) for name in [*self._done, self._present, *self._rest])

    def seconds_done(self) -> float:
        """How many of these seconds have passed, as far as can be known before a kernel is compiled."""
        present = _SECONDS.get(self._present, 1.0)
        before = sum(_SECONDS.get(name, 1.0) for name in self._done)
        return before + min(time.monotonic() - self._began, _NEARLY * present)

    def describe(self) -> str:
        """Which part is being compiled."""
        return f"{TEXT}: part {len(self._done) + 1} of {self.number}"


@contextmanager
def _in_log() -> Iterator[Watcher]:
    parts, open_group = _Parts(), False

    def watch(name: str | None) -> None:
        nonlocal open_group
        if name is None:
            if parts.end():
                close()
        elif name == STOPPED:
            open_group = False
        elif name in parts:
            parts.begin(name)
        else:
            close()
            parts.begin(name)
            open_group = True
            _say(f"{TEXT}: {parts.number} part{'s' * (parts.number > 1)}")

    def close() -> None:
        nonlocal open_group
        if open_group and (seconds := parts.seconds_taken) is not None:
            _say(f"compiled in {'less than 1' if seconds < 1 else f'{seconds:.0f}'} s")
        open_group = False

    try:
        yield watch
    finally:
        close()  # kernels that did not follow were in the cache, or are not needed


def _say(line: str) -> None:
    with suppress(OSError):  # nobody reads it any more
        print(line, file=sys.stderr, flush=True)  # noqa: T201


@contextmanager
def _with_bars() -> Iterator[Watcher]:
    parts = _Parts()
    with ExitStack() as bar:

        def watch(name: str | None) -> None:
            bar.close()
            if name == STOPPED:
                return
            if name is None:
                parts.end()
                return
            parts.begin(name)
            bars = bar.enter_context(bars_shown(transient=True))
            how = {"since": parts.since, "done": parts.seconds_done}
            bar.callback(bars.remove_task, bars.add_task(parts.describe(), total=parts.seconds, **how))

        yield watch
