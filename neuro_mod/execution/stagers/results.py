"""What the result of every stager can do, and how it is kept in a folder."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

from neuro_mod.config.sections import Settings
from neuro_mod.execution.figures import Drawings, save_figures
from neuro_mod.execution.provenance import provenance
from neuro_mod.storage.files import Files
from neuro_mod.storage.names import CONFIG, RUN
from neuro_mod.storage.run_folder import RunFolder


class Result(Protocol):
    """What a stager returns."""

    def describe(self) -> dict[str, Any]:
        """Metadata that JSON can hold; ``config`` is the resolved configuration."""
        ...

    def save(self, files: Files) -> None:
        """Save the data."""
        ...

    def drawings(self) -> Drawings:
        """All figures, by file name."""
        ...


def keep(
    result: Result, folder: RunFolder, settings: Settings, *, save: bool, figures: Collection[str] | None = None
) -> list[str]:
    """Write a result to a folder, and draw it if the settings say so.

    Args:
        result: The result.
        folder: The folder.
        settings: Of its configuration.
        save: Write data, configuration and ``run.json``, whatever ``settings.save`` says.
        figures: File names of the figures to draw; None for all.

    Returns:
        The files.

    Raises:
        StorageError: A file cannot be written.
    """
    if save or settings.save:
        result.save(folder)
        about = result.describe()
        config = about.pop("config")
        folder.save_text(CONFIG, config)
        folder.save_json(RUN, about | provenance(config))
        folder.finish()  # the data are complete even if drawing is interrupted
    if settings.plot:
        drawings = result.drawings()
        chosen = {name: draw for name, draw in drawings.items() if figures is None or name in figures}
        save_figures(folder.save, chosen, settings.plot_format)
    return [str(file) for file in folder.finish()]
