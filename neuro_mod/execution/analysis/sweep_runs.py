"""The runs of a sweep whose spikes were kept, as sessions to analyse."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuro_mod.checks import user_path
from neuro_mod.errors import DataError, InputError, invalid
from neuro_mod.recordings.written import check_file
from neuro_mod.storage.names import DATA, RESULTS_TABLE

if TYPE_CHECKING:
    import pandas as pd

    from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer

#: Columns of the table of a sweep: the condition, which is text, the file of spikes, and the last one.
_CONDITION, _SPIKES, _ERROR = "condition", "spikes", "error"
#: Columns that tell runs of one point apart.
_OF_RUNS = ("point", "repeat", "seed", "network", "trial", _SPIKES, _ERROR)


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
                raise invalid(column, value, f"one of {', '.join(map(str, table[column].unique()))}")
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
    """A table of text with numbers where a whole column holds numbers; no text is NaN there."""
    import pandas as pd  # noqa: PLC0415 -- importing takes half a second

    def parsed(column: pd.Series) -> pd.Series:
        if column.name in {_CONDITION, _SPIKES, _ERROR}:
            return column
        try:
            return pd.to_numeric(column.replace("", "nan"))
        except ValueError:
            return column

    return texts.apply(parsed)
