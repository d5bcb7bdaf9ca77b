"""The bars on a terminal: one display at a time, to which all that is under way adds a bar."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import Task
    from rich.progress_bar import ProgressBar

_DISPLAYS: list[Bars] = []


@contextmanager
def terminal_bars(*, transient: bool = False) -> Iterator[Bars]:
    """The display that there is, or a new one on stderr.

    A task with a field ``since``, in seconds as `time.monotonic` counts, has the time since then after its description;
    one with a field ``done`` is as far as that function says whenever it is shown.

    Args:
        transient: Whether a new display vanishes at the end.
    """
    if _DISPLAYS:
        yield _DISPLAYS[-1]
        return
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
    with progress.Progress(*columns, console=Console(stderr=True), transient=transient) as bars:
        _DISPLAYS.append(bars)
        try:
            yield bars
        finally:
            _DISPLAYS.remove(bars)
