"""The bars in a notebook: one output, which is replaced as they change."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from importlib import import_module
from typing import Any

from neuro_mod.errors import Interrupted

#: Seconds between two updates, at least.
INTERVAL = 0.1
_TRACK = "display: inline-block; width: 200px; height: 10px; background: #DDDDDD; vertical-align: middle"
_LETTERS = 20


def in_notebook() -> bool:
    """Whether this is the kernel of a notebook, which shows more than text."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


@dataclass
class _Bar:
    description: str
    total: float | None
    completed: float = 0.0
    since: float | None = None
    done: Callable[[], float] | None = None
    ended: str = ""

    @property
    def share(self) -> float | None:
        """The part that is done; None where that is not known."""
        completed = self.completed if self.done is None else self.done()
        return min(max(completed / self.total, 0.0), 1.0) if self.total else None

    @property
    def text(self) -> str:
        elapsed = "" if self.since is None else f" ({time.monotonic() - self.since:.0f} s)"
        return self.description + elapsed + self.ended

    def plain(self) -> str:
        n = round(_LETTERS * (self.share or 0.0))
        return f"[{'#' * n}{'.' * (_LETTERS - n)}] {self.text}"

    def html(self) -> str:
        colour = "#D55E00" if self.ended else "#0072B2"
        done = f"display: block; width: {100 * (self.share or 0.0):.1f}%; height: 100%; background: {colour}"
        return f'<div><span style="{_TRACK}"><span style="{done}"></span></span> {escape(self.text)}</div>'


@dataclass
class NotebookBars:
    """Bars, with the methods of `rich.progress.Progress` that are used here; ``show`` replaces the output."""

    show: Any
    bars: dict[int, _Bar] = field(default_factory=dict)
    _next: int = 0
    _latest: float = -INTERVAL

    def add_task(
        self,
        description: str,
        *,
        total: float | None,
        since: float | None = None,
        done: Callable[[], float] | None = None,
    ) -> int:
        """Add a bar, and return its number; ``since`` and ``done`` as for `terminal.bars_shown`."""
        self._next += 1
        self.bars[self._next] = _Bar(description, total, since=since, done=done)
        self.refresh()
        return self._next

    def update(self, task: int, *, completed: float | None = None, description: str | None = None) -> None:
        """Change a bar; what is shown changes at most every `INTERVAL`."""
        bar = self.bars[task]
        bar.completed = bar.completed if completed is None else completed
        bar.description = bar.description if description is None else description
        if time.monotonic() - self._latest >= INTERVAL:
            self.refresh()

    def remove_task(self, task: int) -> None:
        """Take a bar away."""
        del self.bars[task]
        self.refresh()

    def refresh(self) -> None:
        """Replace the output."""
        self._latest = time.monotonic()
        plain = "\n".join(bar.plain() for bar in self.bars.values())
        html = "".join(bar.html() for bar in self.bars.values())
        self.show({"text/plain": plain, "text/html": html})


@contextmanager
def notebook_bars(transient: bool = False) -> Iterator[NotebookBars]:
    """A new output with bars, whose last state stays; it says so if an error or Ctrl-C ended it.

    Args:
        transient: Whether it is emptied at the end.
    """
    display = import_module("IPython.display").display  # only in notebooks, which have it
    handle = display({"text/plain": "", "text/html": ""}, raw=True, display_id=True)

    def show(content: dict[str, str]) -> None:
        if handle is not None:
            handle.update(content, raw=True)

    bars = NotebookBars(show)
    try:
        yield bars
    except BaseException as error:
        how = "interrupted" if isinstance(error, KeyboardInterrupt | Interrupted) else "failed"
        for bar in bars.bars.values():
            bar.ended = f": {how}"
        raise
    finally:
        if transient:
            bars.bars.clear()
        bars.refresh()
