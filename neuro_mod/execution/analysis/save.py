"""The analysis of spikes, saved with its pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuro_mod.errors import Interrupted
from neuro_mod.execution.analysis.pictures import remove_analysis_pictures, save_analysis_pictures
from neuro_mod.execution.analysis.summary import describe_analysis
from neuro_mod.execution.progress import Quantity, progress_shown
from neuro_mod.storage.names import ANALYSIS

if TYPE_CHECKING:
    from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer


def analyse(
    analyzer: Analyzer,
    folder: Path,
    session: int = 0,
    *,
    plot: bool = True,
    file_format: str = "png",
    before: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Save an analysis and its pictures, in place of an earlier one.

    Args:
        analyzer: The analysis.
        folder: Where to.
        session: The session that pictures over time show.
        plot: Whether there are pictures.
        file_format: ``png``, ``pdf`` or ``svg``.
        before: Called first.

    Returns:
        What `describe_analysis` says, and ``files``.

    Raises:
        StorageError: The folder cannot be written to.
        Interrupted: On Ctrl-C; the message says what is left.
    """
    files: list[Path] = []
    try:
        before()
        with progress_shown(analyzer.n_sessions, quantity=Quantity("analysed", "sessions")) as report:
            files = analyzer.save_analysis(folder, report=lambda done, _: report(done))
        remove_analysis_pictures(folder)
        if plot:
            files += save_analysis_pictures(folder, analyzer, session, file_format)
        return describe_analysis(analyzer) | {"files": [str(file) for file in files]}
    except KeyboardInterrupt:
        left = (
            f"the analysis in {folder} is whole, pictures may be missing" if files else f"no new analysis in {folder}"
        )
        raise Interrupted(f"interrupted; {left}") from None


def analyse_run(folder: Path, *, plot: bool, file_format: str) -> dict[str, Any]:
    """Analyse the spikes in a folder of results, and save the analysis in a folder within it; see `analyse`."""
    from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer  # noqa: PLC0415 -- pandas takes its time

    return analyse(Analyzer(folder), folder / ANALYSIS, plot=plot, file_format=file_format)
