"""The bars on a terminal or in a notebook: one display at a time, to which all that is under way adds a bar."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from neuro_mod.execution.notebook import in_notebook, notebook_bars

if TYPE_CHECKING:
    from rich.progress import Progress, Task
    from rich.progress_bar import ProgressBar


#: Displays under way: `rich.progress.Progress`, or `NotebookBars`, which has its methods that are used here.
_DISPLAYS: list[Any] = []


def bars_are_shown() -> bool:
    """Whether there is a terminal, or a notebook, for bars."""
    return in_notebook() or sys.stderr.isatty()


@contextmanager
def bars_shown(*, transient: bool = False) -> Iterator[Any]:
    """The display that there is, or a new one: on stderr, or in a notebook.

    A task with a field ``since``, in seconds as `time.monotonic` counts, has the time since then after its description;
    one with a field ``done`` is as far as that function says whenever it is shown.

    Args:
        transient: Whether a new display vanishes at the end.
    """
    if _DISPLAYS:
        yield _DISPLAYS[-1]
        return
    display: AbstractContextManager[Any] = notebook_bars(transient) if in_notebook() else _terminal_bars(transient)
    with display as bars:
        _DISPLAYS.append(bars)
        try:
            yield bars
        finally:
            _DISPLAYS.remove(bars)


def _terminal_bars(transient: bool) -> Progress:
    from rich import progress  # noqa: PLC0415 -- only where there is a terminal
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    class Elapsed(progress.ProgressColumn):
        """Whole seconds."""

        def render(self, task: Task) -> Text:
            return Text(f"({time.monotonic() - task.fields['since']:.0f} s)" if "since" in task.fields else "")

    class Bar(progress.BarColumn):
        """A bar that moves by itself."""

        def render(self, task: Task) -> ProgressBar:
            if "done" in task.fields:
                task.completed = task.fields["done"]()
            return super().render(task)

    columns = Bar(), progress.TextColumn("{task.description}"), Elapsed()
    return progress.Progress(*columns, console=Console(stderr=True), transient=transient)
