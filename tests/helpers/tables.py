"""Tables as they were saved."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from neuro_mod.execution.sweep_columns import CONDITION, MEAN_FIELD, SPIKES

#: Columns of text, where nothing is an empty text.
_TEXT = dict.fromkeys((CONDITION, SPIKES, MEAN_FIELD, "error"), str)


def sweep_table(folder: Path) -> pd.DataFrame:
    """The table of a sweep from its CSV file, to the last digit."""
    return pd.read_csv(folder / "results.csv", converters=_TEXT, float_precision="round_trip")
