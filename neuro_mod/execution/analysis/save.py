"""The analysis of spikes, saved with its figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuro_mod.errors import InputError, Interrupted
from neuro_mod.execution.analysis.around_events import AroundEvents, EventOptions, around_events
from neuro_mod.execution.analysis.event_pictures import drawings_around_events
from neuro_mod.execution.analysis.groups import describe_groups, drawings_of_groups, save_groups
from neuro_mod.execution.analysis.pictures import drawings_of_analysis
from neuro_mod.execution.analysis.summary import describe_analysis
from neuro_mod.execution.figures import PAPER, Look, save_figures
from neuro_mod.execution.progress import Counted, progress_shown
from neuro_mod.recordings.written import run_folder
from neuro_mod.storage.names import ANALYSIS, PLOTS
from neuro_mod.storage.run_folder import holds_run, remove_analysis_figures
from neuro_mod.storage.writing import write_whole

if TYPE_CHECKING:
    from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
    from neuro_mod.core.spiking_net.analysis.groups.groups import Groups


def default_folder(spikes: Path, *further: Path) -> Path:
    """``analysis`` in the folder of the run; for one file among others, or for several, ``analysis_`` and its name.

    It is a relative path where that of the spikes is one, unless it is outside the present folder.
    """
    run, here = run_folder(spikes), Path.cwd()
    if not spikes.is_absolute() and run.is_relative_to(here):
        run = run.relative_to(here)
    if further:
        return run / f"{ANALYSIS}_{spikes.absolute().stem}_and_{len(further)}_more"
    return run / (ANALYSIS if spikes.is_dir() else f"{ANALYSIS}_{spikes.stem}")


def analyse(
    analyzer: Analyzer,
    folder: Path,
    session: int = 0,
    *,
    look: Look | None = PAPER,
    events: EventOptions | None = None,
    before: Callable[[], None] = lambda: None,
    groups: Callable[[], Groups] | None = None,
) -> dict[str, Any]:
    """Save an analysis and its figures, in place of an earlier one.

    Args:
        analyzer: The analysis.
        folder: The folder to save into.
        session: The session that figures over time show.
        look: How figures are drawn; None for no figures.
        events: What to compute around which events; None for nothing.
        before: Called before anything is saved.
        groups: Returns groups of sessions that are compared, once states are found.

    Returns:
        The metadata of `describe_analysis`, ``files``, and ``events`` and ``groups`` if there are any.

    Raises:
        InputError: The folder is that of a run.
        StorageError: It cannot be written to.
        DataError: The spikes were replaced meanwhile; nothing of the analysis stays.
        Interrupted: On Ctrl-C; the message says what the folder holds.
    """
    if holds_run(folder):
        raise InputError(f"{folder} holds the results of a run; choose another folder, such as {folder / ANALYSIS}")
    files: list[Path] = []
    try:
        found = None if events is None else _around(analyzer, events)
        before()
        with analyzer.saving(folder) as kept:
            for name, table in found.tables.items() if found else ():
                kept.save_frame(name, table)
            with progress_shown(analyzer.n_sessions, quantity=Counted("analysed", "sessions")) as report:
                files = analyzer.save_into(
                    kept,
                    lambda done, _: report(done),
                    lambda: None if groups is None else save_groups(kept, groups(), analyzer),
                )
            remove_analysis_figures(folder)
            if look is not None:
                (folder / PLOTS).mkdir(exist_ok=True)
                drawings = drawings_of_analysis(analyzer, session)
                drawings |= {} if groups is None else drawings_of_groups(groups(), analyzer)
                drawings |= {} if found is None else drawings_around_events(analyzer, found)
                files += save_figures(lambda name, write: write_whole(folder / name, write), drawings, look)
        about = {} if groups is None else {"groups": describe_groups(groups())}
        about |= {} if found is None else {"events": found.describe()}
        return describe_analysis(analyzer) | about | {"files": [str(file) for file in files]}
    except KeyboardInterrupt:
        left = f"the analysis in {folder} is complete, figures may be missing"
        raise Interrupted(f"interrupted; {left if files else f'no new analysis in {folder}'}") from None


def _around(analyzer: Analyzer, events: EventOptions) -> AroundEvents:
    with progress_shown(analyzer.n_sessions, quantity=Counted("read", "sessions")) as report:
        return around_events(analyzer, events, lambda done, _: report(done))
