"""Which sessions are decoded together, and the condition and events of each: from a sweep, or from folders."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuro_mod.choices import SpikeFormat
from neuro_mod.config import Experiment, load_experiment
from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.errors import DataError, InputError, invalid
from neuro_mod.populations import EXCITATORY
from neuro_mod.recordings.event_tables import STIMULUS
from neuro_mod.recordings.sessions import Session, open_sessions
from neuro_mod.recordings.written import run_folder
from neuro_mod.storage.names import RESULTS_TABLE, RUN, SPIKES, point_config, repeat_spikes
from neuro_mod.storage.reading import naming, read_json

if TYPE_CHECKING:
    import pandas as pd

_LOG = logging.getLogger(__name__)

#: Columns of the table of a sweep.
_POINT, _SPIKES, _SEED, NETWORK = "point", "spikes", "seed", "network"


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
    table = _runs(folder, [condition, *([] if by is None else [by])])
    if NETWORK not in table and not _has_one_network(folder):
        raise InputError(
            f"{folder}: a network of its own for each run found; expected fix_network: true, or networks of several "
            "trials each, as neurons of different networks share nothing but their numbers"
        )
    experiments = {point: _experiment(folder, int(point)) for point in table[_POINT].unique()}
    keys = [key for key in (by, NETWORK) if key is not None and key in table]
    found = []
    for rows in _parts(table, keys):
        first = rows.iloc[0]
        found.append(
            Trials(
                _analyzer([folder / name for name in rows[_SPIKES]], experiments[first[_POINT]]),
                rows[condition].tolist(),
                rows[_SEED].tolist(),
                _onsets(rows, experiments, folder) if isinstance(events, str) and events == STIMULUS else events,
                None if by is None else first[by],
                first[NETWORK] if NETWORK in keys else None,
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
    seeds: dict[Path, dict[str, int]] = {}
    found: list[Any] = []
    for number, session in enumerate(sessions):
        run = None if session.file is None else run_folder(session.file)
        if run is not None and run not in seeds:
            seeds[run] = _noise_seeds(run)
        seed = None if run is None or session.file is None else seeds[run].get(session.file.name)
        found.append(("session", number) if seed is None else seed)
    return found


def _noise_seeds(run: Path) -> dict[str, int]:
    """Seed of the noise of each file of spikes of a run, or of its repeats."""
    if not (run / RUN).is_file():
        return {}
    about = read_json(run / RUN)
    if "noise_seed" in about:
        return {Path(SPIKES).name: about["noise_seed"]}
    formats: tuple[SpikeFormat, ...] = ("dense", "events")
    repeats = about.get("repeats")
    return {
        Path(repeat_spikes(each["repeat"], kind)).name: each["noise_seed"]
        for each in (repeats if isinstance(repeats, list) else ())
        for kind in formats
    }


def _runs(folder: Path, columns: Sequence[str]) -> pd.DataFrame:
    """The rows of a sweep with spikes."""
    import pandas as pd  # noqa: PLC0415 -- importing takes half a second

    file = folder / RESULTS_TABLE
    if not file.exists():
        raise InputError(
            f"{folder}: no {RESULTS_TABLE} found; expected the folder of a sweep, or --conditions of folders"
        )
    with naming(file):
        table = pd.read_csv(file)
    if _SPIKES not in table:
        raise InputError(f"{file}: no column {_SPIKES} found; expected a sweep with keep_spikes: true")
    for column in columns:
        if column not in table:
            raise invalid("column", column, f"one of {', '.join(map(str, table.columns))}", f"columns of {file}")
    kept = table[_SPIKES].notna().to_numpy(bool)
    if not kept.all():
        _LOG.warning("%d of %d runs of %s have no spikes and were left out", np.sum(~kept), len(table), folder)
    table = table.loc[kept]
    if not len(table):
        raise InputError(f"{file}: no run with spikes found")
    if missing := [name for name in table[_SPIKES] if not (folder / name).exists()]:
        raise DataError(f"{folder / missing[0]} is missing")
    return table


def _parts(table: pd.DataFrame, keys: list[str]) -> list[pd.DataFrame]:
    """Rows with the same values of some columns, in ascending order."""
    return [rows for _, rows in table.groupby(keys, sort=True)] if keys else [table]


def _has_one_network(folder: Path) -> bool:
    return read_json(folder / RUN).get("fix_network") is True


def _experiment(folder: Path, point: int) -> Experiment:
    file = folder / point_config(point)
    if not file.exists():
        raise DataError(f"{file} is missing")
    return load_experiment(file)


def _analyzer(files: Sequence[Path], experiment: Experiment) -> Analyzer:
    populations = experiment.populations
    n_clusters = populations.n_clusters if populations.cluster_sizes[EXCITATORY] else None
    return Analyzer(list(files), populations.of_neuron, n_excitatory_clusters=n_clusters or None)


def _onsets(rows: pd.DataFrame, experiments: dict[Any, Experiment], folder: Path) -> list[list[float]]:
    """Onsets of the stimulus of each run."""
    onsets = []
    for point in rows[_POINT]:
        stimulus = experiments[point].stimulus
        if not stimulus.onsets:
            file = folder / point_config(int(point))
            raise InputError(f"{file}: no stimulus.onsets found; expected onsets, or times with --events")
        onsets.append(list(stimulus.onsets))
    return onsets
