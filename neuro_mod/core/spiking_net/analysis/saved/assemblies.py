"""Assemblies as a part of a saved analysis, of which they are the clusters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from neuro_mod.core.spiking_net.analysis.assemblies.assemblies import Assemblies
from neuro_mod.core.spiking_net.analysis.saved.folder import AnalysisFolder, SavedAnalysis
from neuro_mod.storage import names
from neuro_mod.storage.json_values import json_row, json_value
from neuro_mod.storage.reading import naming

_NEURONS = {"assembly": np.int64, "explained": np.float64, "silhouette": np.float64}
_NUMBERS = ("upper_bound", "stability", "bin_width", "n_bins")


def save_assemblies(folder: AnalysisFolder, assemblies: Assemblies) -> dict[str, Any]:
    """Write assemblies to the folder of an analysis.

    Returns:
        A description of them, which JSON can hold.

    Raises:
        StorageError: The folder cannot be written to, or the disk is full.
    """
    folder.save_array(names.ASSEMBLY_LABELS, assemblies.labels)
    folder.save_frame(names.ASSEMBLIES_TABLE, assemblies.table())
    folder.save_frame(names.ASSEMBLY_EIGENVALUES, eigenvalue_table(assemblies))
    return describe_assemblies(assemblies)


def eigenvalue_table(assemblies: Assemblies) -> pd.DataFrame:
    """One row per component: ``component`` (from 1), ``eigenvalue``, and whether it is ``significant``."""
    values = assemblies.eigenvalues
    columns = {"component": np.arange(1, len(values) + 1), "eigenvalue": values}
    return pd.DataFrame(columns | {"significant": values > assemblies.upper_bound})


def describe_assemblies(assemblies: Assemblies) -> dict[str, Any]:
    """Assemblies in numbers that JSON can hold; what is not defined is None."""
    numbers = {name: getattr(assemblies, name) for name in (*_NUMBERS, "quality")}
    return {
        "n_assemblies": assemblies.n_assemblies,
        "n_neurons": int(np.count_nonzero(assemblies.labels >= 0)),
        "sizes": assemblies.sizes.tolist(),
        "n_significant": assemblies.n_significant,
        "gap": [json_value(each) for each in assemblies.gap],
        "scores": assemblies.scores.to_dict("list"),
        **json_row(numbers),
    }


def read_assemblies(saved: SavedAnalysis) -> Assemblies | None:
    """The assemblies of a saved analysis; None if it has none.

    Raises:
        DataError: A file is damaged; the message names it.
    """
    about = saved.description.get("assemblies")
    if about is None:
        return None
    neurons = saved.table(names.ASSEMBLIES_TABLE, _NEURONS)
    eigenvalues = saved.table(names.ASSEMBLY_EIGENVALUES, {"eigenvalue": np.float64})
    with naming(saved.path / names.ANALYSIS_DESCRIPTION):
        numbers = {name: np.nan if about[name] is None else about[name] for name in _NUMBERS}
        scores = pd.DataFrame(about["scores"])
    return Assemblies(
        labels=neurons["assembly"].to_numpy(),
        eigenvalues=eigenvalues["eigenvalue"].to_numpy(),
        explained=neurons["explained"].to_numpy(),
        silhouettes=neurons["silhouette"].to_numpy(),
        scores=scores,
        **numbers,
    )
