"""States of simulated networks: means over networks of what `benchmarks.large_networks` found."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks.large_networks import GROUPS


class Case(NamedTuple):
    """A state of a network: a configuration, how much larger, step in ms, active clusters."""

    config: str
    factor: float
    h_ms: float
    n_active: int

    def __str__(self) -> str:
        return f"{self.config}, {self.n_active} active"


class Measured(NamedTuple):
    """Mean over networks, and its standard error."""

    mean: float
    error: float

    def __str__(self) -> str:
        error = f" ± {self.error:.2g}" if math.isfinite(self.error) else ""
        return f"{self.mean:.4g}{error}" if math.isfinite(self.mean) else ""


class Simulated(NamedTuple):
    """What simulations of one case gave.

    Attributes:
        rates: In Hz, by group.
        cvs: Likewise; of intervals, see `_cv`.
        n_networks: How many were simulated.
        n_held: How many of these kept the state.
        seconds: How long rates were counted, in all.
        lifetime: Median time in s after which the others lost the state.
    """

    rates: Mapping[str, Measured]
    cvs: Mapping[str, Measured]
    n_networks: int
    n_held: int
    seconds: float
    lifetime: float


def read_simulated(path: Path) -> dict[Case, Simulated]:
    """Means over the networks of each case, in the order of the file."""
    networks: dict[Case, list[dict[str, str]]] = defaultdict(list)
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            networks[Case(row["config"], float(row["k"]), float(row["h_ms"]), int(row["n_active"]))].append(row)
    return {case: _summary(case, rows) for case, rows in networks.items()}


def _summary(case: Case, rows: Sequence[Mapping[str, str]]) -> Simulated:
    """Of networks whose state held, where there are two or more; otherwise of the windows that count in all of them."""
    held = [row for row in rows if row["held"] == "1"]
    kept = held if len(held) > 1 else rows
    return Simulated(
        {group: _over_networks(kept, f"rate {group}") for group in GROUPS},
        {group: _cv(kept, group) for group in GROUPS},
        len(rows),
        len(held),
        sum(float(row["counted_s"]) for row in kept),
        median(lost) if (lost := [float(row["lost_after_s"]) for row in rows if row["held"] == "0"]) else math.nan,
    )


def _cv(rows: Sequence[Mapping[str, str]], group: str) -> Measured:
    """Each neuron's own where nearly all have enough intervals, that of all intervals of the group elsewhere."""
    within = _over_networks(rows, f"cv within {group}")
    return within if math.isfinite(within.mean) else _over_networks(rows, f"cv pooled {group}")


def _over_networks(rows: Sequence[Mapping[str, str]], name: str) -> Measured:
    """Weighted by the time that counted; the standard error is that of the weighted mean."""
    values, weights = np.array([(float(row[name] or "nan"), float(row["counted_s"])) for row in rows]).T
    values, weights = values[np.isfinite(values)], weights[np.isfinite(values)]
    n = len(values)
    if not n:
        return Measured(math.nan, math.nan)
    weights = weights / weights.sum()
    mean = weights @ values
    error = math.sqrt(weights**2 @ (values - mean) ** 2 * n / (n - 1)) if n > 1 else math.nan
    return Measured(float(mean), error)
