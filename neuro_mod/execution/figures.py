"""Figures of results, drawn and saved. Matplotlib is loaded only to draw."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeAlias

from neuro_mod.storage.names import PLOTS

if TYPE_CHECKING:
    from neuro_mod.plotting.style import AnyFigure

#: Functions that draw figures, by file name without ending.
Drawings: TypeAlias = "dict[str, Callable[[], AnyFigure]]"

#: Saves what is written to a file under a name, see `storage.files.Files.save`.
Save = Callable[[str, Callable[[IO[bytes]], object]], Path]


def captioned(drawings: Drawings, *notes: str) -> Drawings:
    """The same figures with a note below each, such as which session it shows; empty notes are left out."""
    note = "; ".join(filter(None, notes))
    return {name: partial(_with_note, draw, note) for name, draw in drawings.items()}


def part_shown(end: float | None, duration: float) -> str:
    """What a figure over time says that ends before the recording does; empty if it shows all of it."""
    return "" if end is None or end >= duration else f"first {end:g} s of {duration:g} s"


def _with_note(draw: Callable[[], AnyFigure], note: str) -> AnyFigure:
    from neuro_mod.plotting.style import paper_style, write_note  # noqa: PLC0415

    figure = draw()
    with paper_style():
        write_note(figure, note)
    return figure


def save_figures(save: Save, drawings: Drawings, file_format: str) -> list[Path]:
    """Draw figures and save each under its name.

    Args:
        save: Saves a file.
        drawings: The figures.
        file_format: ``png``, ``pdf`` or ``svg``.

    Returns:
        The files.

    Raises:
        StorageError: A file cannot be written.
    """
    from neuro_mod.plotting.style import paper_style, save_figure  # noqa: PLC0415

    with paper_style():
        return [
            save(f"{PLOTS}/{name}.{file_format}", lambda file, draw=draw: save_figure(draw(), file, file_format))
            for name, draw in drawings.items()
        ]
