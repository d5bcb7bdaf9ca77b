"""The bars on a terminal or in a notebook: one display at a time, to which all that is under way adds a bar."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from neuro_mod.execution.notebook import in_notebook, notebook_bars

if TYPE_CHECKING:
    from rich.progress import Progress, Task
    from rich.progress_bar import ProgressBar


class Bars(Protocol):
    """A display of bars, as `rich.progress.Progress` is one."""

    def add_task(self, description: str, *, total: float | None, **fields: Any) -> Any:
        """Add a bar, and return its number."""

    def update(self, task: Any, **changes: Any) -> None:
        """Change its ``completed`` or ``description``."""

    def remove_task(self, task: Any) -> None:
        """Take it away."""


_DISPLAYS: list[Bars] = []


def bars_are_shown() -> bool:
    """Whether there is a terminal, or a notebook, for bars."""
    return in_notebook() or sys.stderr.isatty()


@contextmanager
def bars_shown(*, transient: bool = False) -> Iterator[Bars]:
    """The display that there is, or a new one: on stderr, or in a notebook.

    A task with a field ``since``, in seconds as `time.monotonic` counts, has the time since then after its description;
    one with a field ``done`` is as far as that function says whenever it is shown.

    Args:
        transient: Whether a new display vanishes at the end.
    """
    if _DISPLAYS:
        yield _DISPLAYS[-1]
        return
    display = notebook_bars(transient) if in_notebook() else _terminal_bars(transient)
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
