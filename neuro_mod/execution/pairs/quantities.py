"""What perturbations change of clusters and states: differences of quantities, pair by pair."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from neuro_mod.core.spiking_net.analysis.findings.settings import MINIMAL_LIFESPAN_MS
from neuro_mod.core.spiking_net.analysis.rates.activity import active_in_time
from neuro_mod.core.spiking_net.analysis.rates.rates import ACTIVE_RATE
from neuro_mod.core.spiking_net.analysis.states.activity import tables_of_activity
from neuro_mod.core.spiking_net.analysis.states.quantities import QUANTITIES, occupancies
from neuro_mod.core.spiking_net.analysis.states.resampling import Estimator, paired
from neuro_mod.core.spiking_net.analysis.states.session_tables import SessionTables
from neuro_mod.execution.pairs.rates import PairedRuns
from neuro_mod.populations import EXCITATORY, Populations
from neuro_mod.storage.json_values import json_row

#: What counts as active in pairs, of which rates are kept and not spikes.
ACTIVITY = f"E clusters above {ACTIVE_RATE:g} Hz for at least {MINIMAL_LIFESPAN_MS:g} ms"
#: Columns of the tables.
_COLUMNS = ("baseline", "perturbed", "difference", "standard_error")
QUANTITY_COLUMNS, OCCUPANCY_COLUMNS = ("quantity", *_COLUMNS, "unit"), ("cluster", *_COLUMNS)


class PairedTables(NamedTuple):
    """Visits and activations without and with the perturbations; each pair is a session of both."""

    baseline: SessionTables
    perturbed: SessionTables


def paired_tables(pairs: PairedRuns, populations: Populations) -> PairedTables:
    """Visits and activations of `ACTIVITY` in the smoothed rates of `PairedRuns.averaged_bins`."""
    first, end = pairs.averaged_bins()
    shortest = MINIMAL_LIFESPAN_MS * 1e-3
    both = (
        active_in_time(pairs.smoothed(rates), populations)[:, first:end] for rates in (pairs.baseline, pairs.perturbed)
    )
    return PairedTables(*(tables_of_activity([*each], pairs.bin_width, minimal_duration=shortest) for each in both))


def describe_quantities(pairs: PairedRuns, populations: Populations) -> dict[str, list[dict[str, Any]]]:
    """Quantities and occupancy of each cluster without and with the perturbations; None where undefined.

    Standard errors are those of the paired difference, by leaving out each pair in turn.

    Returns:
        ``quantities``: a row for each of `QUANTITIES`; ``occupancy``: a row for each cluster. Both empty without E
        clusters.
    """
    if not populations.n_clusters or not populations.cluster_sizes[EXCITATORY]:
        return {"quantities": [], "occupancy": []}
    tables = paired_tables(pairs, populations)
    quantities = [
        {"quantity": name} | _rows(quantity.of, tables)[0] | {"unit": quantity.unit}
        for name, quantity in QUANTITIES.items()
    ]
    clusters = [{"cluster": cluster} | row for cluster, row in enumerate(_rows(occupancies, tables))]
    return {"quantities": quantities, "occupancy": clusters}


def _rows(estimator: Estimator, tables: PairedTables) -> list[dict[str, float | None]]:
    found = [np.atleast_1d(each).tolist() for each in paired(estimator, *tables)]
    return [json_row(dict(zip(_COLUMNS, row, strict=True))) for row in zip(*found, strict=True)]
