"""Says on stderr how far a response table is: a bar on a terminal, a line in a log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

from neuro_mod.core.table_watch import TableProgress, tables_watched
from neuro_mod.execution.notices import warn_once
from neuro_mod.execution.terminal import bars_are_shown, bars_shown

TEXT = "computing a response table, once for these time constants"


@contextmanager
def tables_shown() -> Iterator[None]:
    """Show on stderr when response tables are computed, and what is wrong with saved ones."""
    with ExitStack() as shown, tables_watched(_watcher(_on_terminal(shown) if bars_are_shown() else _in_log())):
        yield


def _watcher(show: Callable[[TableProgress], None]) -> Callable[[TableProgress | str], None]:
    def watch(told: TableProgress | str) -> None:
        if isinstance(told, str):
            warn_once(told)
        else:
            show(told)

    return watch


def _in_log() -> Callable[[TableProgress], None]:
    said = set[str]()

    def show(progress: TableProgress) -> None:
        if progress.name not in said:
            said.add(progress.name)
            with suppress(OSError):  # nobody reads it any more
                print(f"{TEXT}: {progress.name}", file=sys.stderr, flush=True)  # noqa: T201

    return show


def _on_terminal(shown: ExitStack) -> Callable[[TableProgress], None]:
    update: Callable[..., None] | None = None

    def show(progress: TableProgress) -> None:
        nonlocal update
        if update is None:
            bars = shown.enter_context(bars_shown(transient=True))
            task = bars.add_task(TEXT, total=progress.total)
            shown.callback(bars.remove_task, task)
            update = partial(bars.update, task)
        update(completed=progress.done)
        if progress.done == progress.total:
            update = None
            shown.close()

    return show
