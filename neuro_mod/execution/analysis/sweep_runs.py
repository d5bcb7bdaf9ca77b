"""The runs of a sweep whose spikes were kept, as sessions to analyse."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuro_mod.checks import user_path
from neuro_mod.config import Experiment, load_experiment
from neuro_mod.core.spiking_net.external.stimulus import draw_stimulated
from neuro_mod.errors import DataError, InputError, invalid
from neuro_mod.recordings.written import check_file
from neuro_mod.storage.names import DATA, RESULTS_TABLE, RUN, point_config
from neuro_mod.storage.reading import read_json

if TYPE_CHECKING:
    import pandas as pd

    from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
    from neuro_mod.core.spiking_net.analysis.events.epochs import Epochs

#: Columns of the table of a sweep: the number of the point, the condition (text), the file of spikes, and the last one.
_POINT, _CONDITION, _SPIKES, _ERROR = "point", "condition", "spikes", "error"
#: Columns that tell runs of one point apart.
_OF_RUNS = (_POINT, "repeat", "seed", "network", "trial", "network_seed", _SPIKES, _ERROR)


@dataclass(frozen=True, eq=False)
class SweepRuns:
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

    def __repr__(self) -> str:
        return f"SweepRuns({len(self)} runs of {self.folder}, {', '.join(self.varied)})"

    @property
    def files(self) -> list[Path]:
        """The file of the spikes of each run."""
        return [self.folder / name for name in self.table[_SPIKES]]

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

        return Analyzer(self.files, **arguments)

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
        onsets = {point: self._experiment(point).stimulus.onsets for point in self.table[_POINT].unique()}
        if none := [point for point, times in onsets.items() if not times]:
            raise InputError(f"{self.folder}: no stimulus.onsets at point {none[0]} found; expected a stimulus")
        if condition is not None:
            self._check(condition)
        conditions = None if condition is None else self.table[condition].tolist()
        events = [list(onsets[point]) for point in self.table[_POINT]]
        return self.analyzer(**arguments).epochs(events, before, after, conditions=conditions)

    def stimulated(self, condition: str) -> dict[Any, tuple[int, ...]]:
        """The clusters that the stimulus reaches at each value of a column, as for `Epochs.signal`.

        Raises:
            InputError: There is no such column; or the clusters are not the same in all runs with a value, as where
                they are drawn for each network.
        """
        found = {}
        for value, runs in self.by(condition):
            reached = {runs._reached(point) for point in runs.table[_POINT].unique()}
            if len(reached) > 1:
                raise invalid(condition, value, "the same stimulated clusters in all runs")
            found[value] = reached.pop()
        return found

    def _reached(self, point: int) -> tuple[int, ...]:
        experiment = self._experiment(point)
        stimulus, settings = experiment.stimulus, experiment.settings
        if stimulus.off:
            return ()
        drawn = not isinstance(stimulus.stimulated_neurons, tuple) and isinstance(stimulus.stimulated_clusters, float)
        if drawn and stimulus.seed is None and read_json(self.folder / RUN).get("fix_network") is not True:
            hint = "without it each network has stimulated clusters of its own"
            raise invalid("stimulus.seed", None, "a seed, or stimulus.clusters", hint)
        populations, seed = experiment.populations, settings.random_seed if stimulus.seed is None else stimulus.seed
        neurons = draw_stimulated(populations, seed, stimulus.stimulated_clusters, stimulus.stimulated_neurons)
        return tuple(sorted(set(populations.of_neuron[neurons].tolist())))

    def _experiment(self, point: int) -> Experiment:
        return load_experiment(self.folder / point_config(int(point)))

    def _check(self, column: str) -> None:
        if column not in self.table:
            raise invalid("column", column, f"one of {', '.join(self.table)}", f"columns of {self.folder}")


def sweep_runs(folder: str | os.PathLike[str]) -> SweepRuns:
    """The runs of a sweep whose spikes were kept, for analyses of some of them together.

    Args:
        folder: The folder of the sweep.

    Raises:
        InputError: It is no folder of a sweep with ``keep_spikes: true``.
        DataError: Its table is damaged.
    """
    place = user_path(folder)
    texts = kept_rows(place)
    names = list(texts)
    return SweepRuns(place, _with_numbers(texts), tuple(varied_columns(names)))


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
    if _SPIKES not in table:
        raise InputError(f"{folder}: a sweep without spikes found; expected one with keep_spikes: true")
    table = table.loc[table[_SPIKES] != ""].reset_index(drop=True)
    files = {f"{DATA}/{file.name}" for file in (folder / DATA).glob("spikes*")}
    for name in table[_SPIKES]:
        if name not in files:
            raise DataError(f"{place}: {name} found, which is no file of spikes of the sweep")
    return table


def varied_columns(columns: list[str]) -> list[str]:
    """Columns of conditions and parameters of the table of a sweep with spikes."""
    return [column for column in columns[: columns.index(_SPIKES)] if column not in _OF_RUNS]


def _with_numbers(texts: pd.DataFrame) -> pd.DataFrame:
    """A table of text with numbers where a whole column holds numbers, and NaN where nothing stands there."""
    import pandas as pd  # noqa: PLC0415 -- importing takes half a second

    table = texts.copy()
    for column in texts.columns.difference([_CONDITION, _SPIKES, _ERROR]):
        with suppress(ValueError):
            table[column] = pd.to_numeric(texts[column].replace("", "nan"))
    return table
