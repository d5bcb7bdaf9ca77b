"""The runs of a sweep whose spikes were kept, as sessions to analyse."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuro_mod.checks import user_path
from neuro_mod.config import Experiment, load_experiment
from neuro_mod.core.spiking_net.external.stimulus import draw_stimulated
from neuro_mod.errors import DataError, InputError, invalid
from neuro_mod.execution.run_seeds import run_metadata
from neuro_mod.execution.sweep_columns import CONDITION, ERROR, NETWORK, OF_RUNS, POINT, SEED, SPIKES
from neuro_mod.populations import EXCITATORY
from neuro_mod.recordings.written import check_file, run_folder
from neuro_mod.storage.names import DATA, RESULTS_TABLE, point_config
from neuro_mod.summaries import Shown, Summary, counted

if TYPE_CHECKING:
    import pandas as pd

    from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
    from neuro_mod.core.spiking_net.analysis.events.epochs import Epochs

#: Fewer values are listed in a description.
_LISTED = 8

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, repr=False)
class SweepRuns(Shown):
    """Runs of a sweep whose spikes were kept.

    Attributes:
        folder: The folder of the sweep.
        table: Their rows in its table of results.
        varied: The columns of conditions and parameters.
    """

    folder: Path
    table: pd.DataFrame
    varied: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.table)

    def _summary(self) -> Summary:
        values = {name: list(map(str, self.table[name].unique())) for name in self.varied}
        rows = {
            name: ", ".join(each) if len(each) < _LISTED else f"{len(each)} values" for name, each in values.items()
        }
        return Summary(f"{counted(len(self), 'run')} of {self.folder} with spikes", rows)

    @property
    def files(self) -> list[Path]:
        """The file of the spikes of each run."""
        return [self.folder / name for name in self.table[SPIKES]]

    def select(self, where: Mapping[str, Any]) -> SweepRuns:
        """The runs in which columns have these values.

        Args:
            where: Values by column, as in ``{"arousal.level": 0.2}``.

        Raises:
            InputError: There is no such column, or no such run.
        """
        table = self.table
        for column, value in where.items():
            self._check(column)
            rows = table[column] == value
            if not rows.any():
                raise invalid(column, value, f"one of {', '.join(map(str, sorted(table[column].unique())))}")
            table = table.loc[rows]
        return replace(self, table=table)

    def by(self, *columns: str) -> Iterator[tuple[Any, SweepRuns]]:
        """The runs for each value of a column, or for each combination of values of several, in ascending order.

        Returns:
            Pairs of the value, or a tuple of values, and the runs.

        Raises:
            InputError: There is no such column.
        """
        for column in columns:
            self._check(column)
        found = self.table.groupby(columns[0] if len(columns) == 1 else list(columns), sort=True)
        return ((value, replace(self, table=rows)) for value, rows in found)

    def analyzer(self, **arguments: Any) -> Analyzer:
        """The runs as sessions, in the order of the table.

        Args:
            arguments: Of `Analyzer`, as ``method="threshold"``.
        """
        from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer  # noqa: PLC0415 -- takes half a second

        if "clusters" not in arguments and "populations" not in run_metadata(self.folder):
            arguments |= self._layout()  # the populations of all points differ, or an earlier version wrote the sweep
        analyzer = Analyzer(self.files, **arguments)
        # the folder tells only that there are several
        one = NETWORK in self.table and len(set(self.table[NETWORK])) == 1
        return analyzer.of_one_network() if one else analyzer

    def epochs(self, condition: str | None = None, before: float = 0.5, after: float = 1.0, **arguments: Any) -> Epochs:
        """The spikes around the onsets of the stimulus in each run.

        Args:
            condition: Column that holds the condition of each run; None without conditions.
            before: Seconds from the start of an epoch to its onset.
            after: Seconds from the onset to the end of the epoch.
            arguments: Of `Analyzer`.

        Raises:
            InputError: There is no such column, or no stimulus at a point; or as for `Analyzer.epochs`.
        """
        conditions = None if condition is None else self.column(condition)
        epochs = self.analyzer(**arguments).epochs(self.onsets(), before, after, conditions=conditions)
        return replace(epochs, noise=tuple(self.table[SEED]))

    def onsets(self) -> list[list[float]]:
        """Onsets of the stimulus in each run, in seconds.

        Raises:
            InputError: There is no stimulus at a point.
        """
        onsets = {point: self._experiment(point).stimulus.onsets for point in self.table[POINT].unique()}
        if none := [point for point, times in onsets.items() if not times]:
            file = self.folder / point_config(int(none[0]))
            raise InputError(f"{file}: no stimulus.onsets found; expected onsets, or times with --events")
        return [list(onsets[point]) for point in self.table[POINT]]

    def stimulated(self, condition: str) -> dict[Any, tuple[int, ...]]:
        """The clusters that the stimulus reaches at each value of a column, as for `Epochs.signal`.

        Raises:
            InputError: There is no such column; or the clusters are not the same in all runs with a value, as where
                they are drawn for each network.
        """
        found = {}
        for value, runs in self.by(condition):
            reached = {runs._reached(point) for point in runs.table[POINT].unique()}
            if len(reached) > 1:
                raise invalid(condition, value, "the same stimulated clusters in all runs")
            found[value] = reached.pop()
        return found

    def column(self, name: str) -> list[Any]:
        """The values of a column of the table.

        Raises:
            InputError: There is no such column.
        """
        self._check(name)
        return self.table[name].tolist()

    @property
    def has_common_networks(self) -> bool:
        """Whether runs of different points are of the same networks: a fixed one, or several of trials each."""
        return NETWORK in self.table or run_metadata(self.folder).get("fix_network") is True

    def _layout(self) -> dict[str, Any]:
        """The clusters of the neurons as arguments of `Analyzer`, if they are the same in all runs."""
        layouts = {self._experiment(point).populations for point in self.table[POINT].unique()}
        if len(layouts) > 1:
            raise InputError(f"{self.folder}: runs of different populations found; select those of one")
        (populations,) = layouts
        n_clusters = populations.n_clusters if populations.cluster_sizes[EXCITATORY] else None
        return {"clusters": populations.of_neuron, "n_excitatory_clusters": n_clusters or None}

    def _reached(self, point: int) -> tuple[int, ...]:
        experiment = self._experiment(point)
        stimulus, settings = experiment.stimulus, experiment.settings
        if stimulus.off:
            return ()
        drawn = not isinstance(stimulus.stimulated_neurons, tuple) and isinstance(stimulus.stimulated_clusters, float)
        if drawn and stimulus.seed is None and run_metadata(self.folder).get("fix_network") is not True:
            hint = "without it each network has stimulated clusters of its own"
            raise invalid("stimulus.seed", None, "a seed, or stimulus.clusters", hint)
        populations, seed = experiment.populations, settings.random_seed if stimulus.seed is None else stimulus.seed
        neurons = draw_stimulated(populations, seed, stimulus.stimulated_clusters, stimulus.stimulated_neurons)
        return tuple(sorted(set(populations.of_neuron[neurons].tolist())))

    def _experiment(self, point: int) -> Experiment:
        return load_experiment(self.folder / point_config(int(point)))

    def _check(self, column: str) -> None:
        if column not in self.table:
            place = self.folder / RESULTS_TABLE
            raise invalid("column", column, f"one of {', '.join(self.table)}", f"columns of {place}")


def sweep_runs(folder: str | os.PathLike[str]) -> SweepRuns:
    """The runs of a sweep whose spikes were kept, for analyses of some of them together.

    Args:
        folder: The folder of the sweep.

    Raises:
        InputError: It is no folder of a sweep with ``keep_spikes: true``.
        DataError: Its table is damaged.

    Examples:
        >>> from neuro_mod import run_sweep, sweep_runs
        >>> sweep = {"config": "small", "set": {"init_params.duration_sec": 0.1}, "keep_spikes": True, "trials": 2}
        >>> _ = run_sweep(sweep | {"parameters": {"arousal.level": [0, 0.5]}}, "arousal")
        >>> for level, runs in sweep_runs("arousal").by("arousal.level"):
        ...     print(level, len(runs.files), "files of spikes")
        0.0 2 files of spikes
        0.5 2 files of spikes
    """
    place = user_path(folder)
    texts = kept_rows(place)
    names = list(texts)
    return SweepRuns(place, _with_numbers(texts), tuple(varied_columns(names)))


def onsets_of_files(files: Sequence[Path]) -> list[list[float]] | None:
    """Onsets of the stimulus in runs of sweeps, in seconds, by their files of spikes.

    Args:
        files: Files of spikes.

    Returns:
        One list for each file; None if a file is not of a sweep.

    Raises:
        InputError: There is no stimulus at a point.
        DataError: A file is not in the table of its sweep.
    """
    of_file: dict[Path, list[float]] = {}
    for folder in dict.fromkeys(map(run_folder, files)):
        if not (folder / RESULTS_TABLE).is_file():
            return None
        runs = sweep_runs(folder)
        of_file |= dict(zip((file.absolute() for file in runs.files), runs.onsets(), strict=True))
    for file in files:
        if file.absolute() not in of_file:
            raise DataError(f"{file}: not in {RESULTS_TABLE} of its sweep; rerun the sweep to complete it")
    return [of_file[file.absolute()] for file in files]


def kept_rows(folder: Path) -> pd.DataFrame:
    """The rows of the table of a sweep with spikes, as text. All files of spikes that they name are in the folder.

    Raises:
        InputError: It is no folder of a sweep with ``keep_spikes: true``.
        DataError: The table is damaged.
    """
    import pandas as pd  # noqa: PLC0415 -- importing takes half a second

    place = folder / RESULTS_TABLE
    if not place.is_file():
        raise InputError(f"{folder}: no {RESULTS_TABLE} found; expected the folder of a sweep")
    check_file(place, of_run=False)
    table = pd.read_csv(place, dtype=str, keep_default_na=False)
    if SPIKES not in table:
        raise InputError(f"{folder}: a sweep without spikes found; expected one with keep_spikes: true")
    n_runs, table = len(table), table.loc[table[SPIKES] != ""].reset_index(drop=True)
    if not len(table):
        raise InputError(f"{place}: no run with spikes found")
    if len(table) < n_runs:
        _LOG.warning("%d of %d runs of %s have no spikes and were left out", n_runs - len(table), n_runs, folder)
    files = {f"{DATA}/{file.name}" for file in (folder / DATA).glob("spikes*")}
    for name in table[SPIKES]:
        if name not in files:
            raise DataError(f"{place}: {name} found, which is no file of spikes of the sweep")
    return table


def varied_columns(columns: list[str]) -> list[str]:
    """Columns of conditions and parameters of the table of a sweep with spikes."""
    return [column for column in columns[: columns.index(SPIKES)] if column not in OF_RUNS]


def _with_numbers(texts: pd.DataFrame) -> pd.DataFrame:
    """A table of text with numbers where a whole column holds numbers, and NaN where nothing stands there."""
    import pandas as pd  # noqa: PLC0415 -- importing takes half a second

    table = texts.copy()
    for column in texts.columns.difference([CONDITION, SPIKES, ERROR]):
        with suppress(ValueError):
            table[column] = pd.to_numeric(texts[column].replace("", "nan"))
    return table
