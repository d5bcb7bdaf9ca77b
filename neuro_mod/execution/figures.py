"""Figures of results: drawn when asked for, in given axes or anew, and saved. Matplotlib is loaded only to draw."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar, TypeAlias

from neuro_mod.config.sections import Settings
from neuro_mod.errors import InputError, invalid
from neuro_mod.recordings.windows import window_of
from neuro_mod.storage.names import PLOTS
from neuro_mod.summaries import Shown, Summary

if TYPE_CHECKING:
    from neuro_mod.plotting.style import AnyFigure, Axes

_LOG = logging.getLogger(__name__)

#: Draws a figure; takes ``ax``, and of a figure over time ``t_from`` and ``t_to``.
Draw = Callable[..., "AnyFigure"]

#: Saves what is written to a file under a name, see `storage.files.Files.save`.
Save = Callable[[str, Callable[[IO[bytes]], object]], Path]


@dataclass(frozen=True)
class Look:
    """How figures are drawn and saved.

    Args:
        file_format: ``png``, ``pdf`` or ``svg``.
        style: ``paper`` or ``talk``, see `plotting.in_style`.
        t_from: Begin of figures over time in seconds; None for the start.
        t_to: Their end in seconds; None for that of each figure.
    """

    file_format: str = "png"
    style: str = "paper"
    t_from: float | None = None
    t_to: float | None = None

    @classmethod
    def of(cls, settings: Settings) -> Look:
        """As the settings of a configuration say."""
        return cls(settings.plot_format, settings.plot_style, settings.plot_from, settings.plot_to)


#: As figures are unless something else is chosen.
PAPER = Look()


@dataclass(frozen=True)
class Drawing:
    """A figure that is drawn when asked for.

    Args:
        draw: Draws it.
        notes: What is written below it: first which session it shows, if any. A part that is shown is named after that.
        duration: Of a figure over time, the seconds that can be shown; None for other figures.
        first: Of these, how many are shown from the start unless another window is chosen; None for all.
    """

    draw: Draw
    notes: tuple[str, ...] = ()
    duration: float | None = None
    first: float | None = None

    def __call__(self, ax: Axes | None = None, t_from: float | None = None, t_to: float | None = None) -> AnyFigure:
        """Draw it.

        Args:
            ax: Axes to draw in, instead of a new figure.
            t_from: Of a figure over time, the begin of what is shown in seconds; None for the start.
            t_to: Its end in seconds; None for as much as is shown by default, or, with ``t_from``, the end.

        Returns:
            The figure.

        Raises:
            InputError: The window is empty or beyond the recording, or the figure is not over time.
        """
        from neuro_mod.plotting.style import figure_of, paper_style, write_note  # noqa: PLC0415

        place: dict[str, Any] = {} if ax is None else {"ax": ax}
        notes = self.notes
        around = None if ax is None else figure_of(ax)
        parts = [] if around is None else [*around.subfigs]
        if self.duration is not None:
            begin, end = self._window(self.duration, t_from, t_to)
            place |= {"t_from": begin, "t_to": end}
            notes = (*notes[:1], part_shown(begin, end, self.duration), *notes[1:])
        elif t_from is not None or t_to is not None:
            name, value = ("t_to", t_to) if t_from is None else ("t_from", t_from)
            raise invalid(name, value, "no window, as the figure is not over time")
        figure = self.draw(**place)
        where = figure if ax is None else ax
        if (
            ax is not None and around is not None and ax.get_figure() is None
        ):  # several panels take the place of the axes
            (where,) = (part for part in around.subfigs if part not in parts)
        with paper_style():
            write_note(where, "; ".join(filter(None, notes)))
        return figure

    def _window(self, duration: float, t_from: float | None, t_to: float | None) -> tuple[float, float | None]:
        if not duration:
            return 0.0, None
        if t_from is None and t_to is None and self.first is not None:
            t_to = min(self.first, duration)
        return window_of(duration, t_from, t_to)


#: Figures by file name without ending.
Drawings: TypeAlias = dict[str, Drawing]


def drawn(draws: Mapping[str, Draw], *notes: str) -> Drawings:
    """Figures that are not over time, with notes below each; empty notes are left out."""
    return captioned({name: Drawing(draw) for name, draw in draws.items()}, *notes)


def over_time(draws: Mapping[str, Draw], duration: float, *notes: str, first: float | None = None) -> Drawings:
    """Figures over time, see `Drawing`, with notes below each; empty notes are left out."""
    return captioned({name: Drawing(draw, (), duration, first) for name, draw in draws.items()}, *notes)


def captioned(drawings: Drawings, *notes: str) -> Drawings:
    """The same figures with further notes below each."""
    return {name: replace(drawing, notes=(*drawing.notes, *notes)) for name, drawing in drawings.items()}


def part_shown(begin: float, end: float | None, duration: float) -> str:
    """What a figure over time says that shows a part of it; empty if it shows all."""
    if end is None or (begin == 0 and end >= duration):
        return ""
    return f"{f'{begin:g} to' if begin else 'first'} {end:g} s of {duration:g} s"


class WithFigures(ABC):
    """What has figures, by name."""

    #: Names of figures beside those of their files.
    figure_aliases: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    def drawings(self) -> Drawings:
        """All figures, by file name."""

    def absent(self, name: str) -> str:
        """What to do to have a figure that is missing, given its file name; empty where nothing helps."""
        del name
        return ""

    def plot(
        self,
        name: str | None = None,
        *,
        ax: Axes | None = None,
        t_from: float | None = None,
        t_to: float | None = None,
        style: str | None = None,
    ) -> AnyFigure | None:
        """Draw a figure.

        Args:
            name: Which one; the message of the error for an unknown name lists those that there are. By default the
                first of them.
            ax: Axes to draw in, instead of a new figure.
            t_from: Of a figure over time, the begin of what is shown, in seconds; a negative time counts from the end.
            t_to: Its end in seconds, likewise.
            style: ``paper`` or ``talk``; by default that of the ``with`` block, see `plotting.in_style`.

        Returns:
            The new figure, which shows itself in a notebook; None if it was drawn in ``ax``, whose figure a notebook
            shows anyway.

        Raises:
            InputError: There is no such figure, the window is not in the recording, or the style is unknown.
        """
        return plot(self.drawings(), name, self.figure_aliases, self.absent, ax=ax, window=(t_from, t_to), style=style)


class StudyResults(Shown, dict[str, Any], WithFigures):
    """What a study returns: the content of its ``metadata/run.json``, and ``files``; with its figures.

    Args:
        metadata: The content.
        drawings: The figures, by file name.
        about: Its short description.
    """

    def __init__(self, metadata: Mapping[str, Any], drawings: Drawings, about: Summary):
        super().__init__(metadata)
        self._drawings, self._about = drawings, about

    def _summary(self) -> Summary:
        figures = {"plot(...)": ", ".join(self._drawings)} if self._drawings else {}
        rows = {**self._about.rows, **figures, "[...]": "the content of metadata/run.json, and files"}
        return Summary(self._about.title, rows)

    def drawings(self) -> Drawings:
        """All figures, by file name."""
        return self._drawings


def plot(
    drawings: Drawings,
    name: str | None,
    aliases: Mapping[str, str],
    absent: Callable[[str], str] = lambda _: "",
    *,
    ax: Axes | None,
    window: tuple[float | None, float | None],
    style: str | None,
) -> AnyFigure | None:
    """Draw one of several figures, see `WithFigures.plot`.

    Args:
        drawings: The figures.
        name: The name of one, or another name for it.
        aliases: Further names, and the names that they stand for.
        absent: What to do to have a figure that is missing, given its name.
        ax: As for `WithFigures.plot`.
        window: Begin and end.
        style: As for `WithFigures.plot`.
    """
    if name is None and drawings:
        name = next(iter(drawings))
    file_name = name if name in drawings else aliases.get(str(name), name)
    if file_name not in drawings:
        if not drawings:
            raise InputError(f"figure: {name or 'none'} found; expected results with something to draw")
        known = [*(alias for alias, real in aliases.items() if real in drawings), *drawings]
        raise invalid("figure", name, f"one of {', '.join(dict.fromkeys(known))}", absent(str(file_name)))
    if style is not None and ax is not None:
        raise InputError(
            f'style: "{style}" found with ax; expected one of them, as a style sets the size of a new figure'
        )
    if style is None:
        figure = drawings[file_name](ax, *window)
    else:
        from neuro_mod.plotting.style import in_style  # noqa: PLC0415

        with in_style(style):
            figure = drawings[file_name](ax, *window)
    return figure if ax is None else None


def save_figures(save: Save, drawings: Drawings, look: Look) -> list[Path]:
    """Draw figures and save each under its name.

    A figure over time ends with the recording at the latest; it is left out, with a warning, if the window begins
    later, as it may after an interruption.

    Args:
        save: Saves a file.
        drawings: The figures.
        look: How they are drawn and saved.

    Returns:
        The files.

    Raises:
        StorageError: A file cannot be written.
    """
    files = []
    for name, drawing in drawings.items():
        window = _within(look, drawing.duration)
        if window is None:
            _LOG.warning("no figure %s: it ends at %g s, before %g s", name, drawing.duration, look.t_from)
            continue
        write = partial(save_figure_in, look, partial(drawing, None, *window))
        files.append(save(f"{PLOTS}/{name}.{look.file_format}", write))
    return files


def save_figure_in(look: Look, draw: Callable[[], AnyFigure], file: IO[bytes]) -> None:
    """Draw a figure in a style, and write it to an open file."""
    from neuro_mod.plotting.style import in_style, paper_style, save_figure  # noqa: PLC0415

    with in_style(look.style), paper_style():
        save_figure(draw(), file, look.file_format)


def _within(look: Look, duration: float | None) -> tuple[float | None, float | None] | None:
    """The window to show of a recording of this length; None if nothing of it is there."""
    if duration is None:
        return None, None
    if look.t_from is not None and look.t_from >= duration:
        return None
    return look.t_from, None if look.t_to is None else min(look.t_to, duration)
