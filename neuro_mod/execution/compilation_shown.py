"""Says on stderr that kernels are being compiled: with the elapsed time on a terminal, in one line in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from neuro_mod.core.compilation_watch import Watcher, compilation_watched
from neuro_mod.execution.tables_shown import tables_shown
from neuro_mod.execution.terminal import bars_are_shown, bars_shown

TEXT = "compiling once for this machine"

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
    try:
        with compilation_watched(_on_terminal() if bars_are_shown() else _in_log()), tables_shown():
            yield
    finally:
        _shown_already = False


def _in_log() -> Watcher:
    said = False

    def watch(name: str | None) -> None:
        nonlocal said
        if name is not None and not said:
            said = True
            with suppress(OSError):  # nobody reads it any more
                print(TEXT, file=sys.stderr, flush=True)  # noqa: T201

    return watch


def _on_terminal() -> Watcher:
    since: float | None = None
    bar = ExitStack()

    def watch(name: str | None) -> None:
        nonlocal since
        bar.close()
        if name is not None:
            since = time.monotonic() if since is None else since
            bars = bar.enter_context(bars_shown(transient=True))
            bar.callback(bars.remove_task, bars.add_task(TEXT, total=None, since=since))

    return watch
