"""The response tables that configurations need, made before they are used."""

from __future__ import annotations

from typing import NamedTuple

from neuro_mod.config import Experiment
from neuro_mod.core.mean_field.core.exact.cache import place_of, table_for
from neuro_mod.core.mean_field.core.exact.response import pairs_of
from neuro_mod.execution.stagers.assembly import build_circuit


class PreparedTable(NamedTuple):
    """A response table.

    Args:
        synaptic_ratio: Synaptic over membrane time constant.
        refractory_ratio: Refractory period over membrane time constant.
        interval_error: Largest relative error of a mean first-passage time, measured between the points of the table.
        cv_error: Likewise of a standard deviation over the mean.
        file: Where it is kept; None for in memory only.
    """

    synaptic_ratio: float
    refractory_ratio: float
    interval_error: float
    cv_error: float
    file: str | None


def prepare_tables(experiment: Experiment, time: float | None = None) -> list[PreparedTable]:
    """Read and check the tables that the exact response of a configuration needs; compute those that there are not.

    Args:
        experiment: The configuration.
        time: Seconds at which perturbations are taken; None for each at its onset.

    Raises:
        InputError: Time constants are out of range, or a perturbation makes a parameter impossible.
        NumericalError: A table cannot be computed.
    """
    prepared: list[PreparedTable] = []
    for ratios in pairs_of(build_circuit(experiment, time).neurons):
        interval_error, cv_error = table_for(ratios).error.tolist()
        place = place_of(ratios)
        prepared.append(PreparedTable(*ratios, interval_error, cv_error, None if place is None else str(place)))
    return prepared
