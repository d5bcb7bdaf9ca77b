"""Tables as they were saved."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pandas as pd

from neuro_mod.execution.sweep_columns import CONDITION, ERROR

#: Columns that are text even if nothing stands there.
_TEXT = (CONDITION, ERROR)


def sweep_table(folder: Path) -> pd.DataFrame:
    """The table of a sweep from its CSV file, to the last digit, which not all versions of pandas read."""
    table = pd.read_csv(folder / "results.csv", dtype=str, keep_default_na=False)
    return table.apply(lambda column: column if column.name in _TEXT else _numbers(column.to_list()))


def _numbers(texts: list[str]) -> pd.Series:
    for kind in (int, lambda text: float(text or "nan")):
        with suppress(ValueError):
            return pd.Series([*map(kind, texts)])
    return pd.Series(texts)
