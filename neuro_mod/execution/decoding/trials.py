"""Which sessions are decoded together, and the condition and events of each: from a sweep, or from folders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.errors import InputError, invalid
from neuro_mod.execution.run_seeds import RunSeeds, run_seeds
from neuro_mod.execution.sweep_columns import NETWORK, SEED
from neuro_mod.execution.sweep_runs import sweep_runs
from neuro_mod.recordings.event_tables import STIMULUS
from neuro_mod.recordings.sessions import Session, open_sessions
from neuro_mod.recordings.written import run_folder
from neuro_mod.storage.names import RESULTS_TABLE


@dataclass(frozen=True, eq=False)
class Trials:
    """Sessions of one network that are decoded together.

    Args:
        analyzer: The sessions.
        conditions: Condition of each session.
        noise: What says which sessions have the same noise; one for each.
        events: As for `Analyzer.epochs`.
        by: Value of the column over which accuracies are compared; None without.
        network: Number of the network; None if there is only one.
    """

    analyzer: Analyzer
    conditions: Sequence[Any]
    noise: Sequence[Any]
    events: Any
    by: Any = None
    network: Any = None


def trials_of_sweep(folder: Path, condition: str, by: str | None, events: Any) -> list[Trials]:
    """The runs of a sweep whose spikes were kept.

    Args:
        folder: The folder of the sweep.
        condition: Column of the condition that is decoded.
        by: Column over whose values accuracies are compared; None for one decoding of all.
        events: ``"stimulus"`` for the onsets of the stimulus at each point, or as for `Analyzer.epochs`.

    Returns:
        One for each value of `by` and each network.

    Raises:
        InputError: It is no folder of a sweep with spikes, a column is missing, or each run has a network of its own.
        DataError: A file is damaged or missing.
    """
    if isinstance(events, str) and events != STIMULUS:
        raise invalid("--events", events, "stimulus, or times in seconds, of a sweep")
    runs = sweep_runs(folder)
    for option, column in (("--condition", condition), ("--by", by)):
        if column is not None and column not in runs.table:
            raise invalid(option, column, f"one of {', '.join(runs.varied)}", f"columns of {folder / RESULTS_TABLE}")
    if not runs.has_common_networks:
        raise InputError(
            f"{folder}: a network of its own for each run found; expected fix_network: true, or networks of several "
            "trials each, as neurons of different networks share nothing but their numbers"
        )
    keys = [key for key in (by, NETWORK) if key is not None and (key == by or key in runs.table)]
    found = []
    for value, part in runs.by(*keys) if keys else [((), runs)]:
        values = dict(zip(keys, value if len(keys) > 1 else (value,), strict=False))
        found.append(
            Trials(
                part.analyzer(),
                part.column(condition),
                part.column(SEED),
                part.onsets() if isinstance(events, str) else events,
                None if by is None else values[by],
                values.get(NETWORK),
            )
        )
    return found


def trials_of_folders(
    folders: Sequence[Path], conditions: Sequence[str], events: Any, clusters: Path | None, dt: float | None
) -> list[Trials]:
    """The sessions of several folders, each of which holds those of one condition.

    Args:
        folders: Folders or files, as for `Analyzer`.
        conditions: Condition of each.
        events: As for `Analyzer.epochs`.
        clusters: File with the cluster of each neuron; None if they come with the spikes.
        dt: Time step in seconds; None for that of the spikes.

    Raises:
        InputError: There is another number of conditions than of folders.
        DataError: Spikes are damaged or contradict each other.
    """
    if len(folders) != len(conditions):
        raise invalid("--conditions", list(conditions), f"one for each of {len(folders)} folders")
    opened = [open_sessions(str(folder)).sessions for folder in folders]
    of_sessions = [each for each, found in zip(conditions, opened, strict=True) for _ in found]
    sessions = [session for found in opened for session in found]
    return [Trials(Analyzer(list(folders), clusters, dt), of_sessions, _noise(sessions), events)]


def _noise(sessions: Sequence[Session]) -> list[Any]:
    """Seed of the noise of each session as its run tells it, else its number."""
    seeds: dict[Path, dict[str, RunSeeds]] = {}
    found: list[Any] = []
    for number, session in enumerate(sessions):
        run = None if session.file is None else run_folder(session.file)
        if run is not None and run not in seeds:
            seeds[run] = run_seeds(run)
        own = None if run is None or session.file is None else seeds[run].get(session.file.name)
        found.append(("session", number) if own is None else own.noise)
    return found
