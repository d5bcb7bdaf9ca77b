"""The four theories of the published and the default network, beside simulations of much larger networks."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from neuro_mod.config import load_experiment
from neuro_mod.core.mean_field.core import LIFMeanField, stable_states_of
from neuro_mod.core.mean_field.core.theory import THEORIES
from neuro_mod.execution.stagers.assembly import build_baseline
from tests.helpers.shared import CONFIGS

GROUPS = ("E active", "I active", "E inactive", "I inactive", "E background", "I background")
FIRST = [0, 19, 17, 36, 18, 37]
#: Of benchmarks/large_networks.py: steps of .1 ms; the runs in which the clusters stayed active until the end.
with (Path(__file__).parents[3] / "benchmarks" / "large_networks.csv").open() as file:
    RUNS = [row for row in csv.DictReader(file) if row["h_ms"] == "0.1" and row["held"] == "1"]
#: Configuration, arousal, number of active clusters, times the size; other numbers of active clusters do not last.
CASES = [
    ("published", 0.0, 2, "100"),
    pytest.param("published", 0.0, 3, "20", marks=pytest.mark.slow),
    ("published", 0.0, 4, "20"),
    ("default", 0.3, 2, "100"),
    pytest.param("default", 0.3, 3, "20", marks=pytest.mark.slow),
    pytest.param("default", 0.3, 4, "20", marks=pytest.mark.slow),
    ("default", 0.3, 5, "100"),
]


def _field(config, level, theory):
    experiment = load_experiment(CONFIGS / f"{config}_snn_params.yaml", {"arousal.level": level})
    # quenched heterogeneity of arousal is averaged over, where there is arousal
    return LIFMeanField.from_baseline(build_baseline(experiment), n_z=6 if level else 1, theory=THEORIES[theory])


@pytest.mark.parametrize(
    ("theory", "rates"),
    {
        "shifted/poisson": (36.39, 26.23, 3.08, 8.14, 2.37, 12.95),
        "exact/poisson": (46.08, 30.40, 1.99, 7.66, 2.05, 13.55),
        "exact/renewal": (56.2, 35.3, 1.00, 7.10, 1.49, 13.74),
    }.items(),
)
def test_prototypes(theory, rates):
    # independent prototypes, whose response to coloured noise is off by .3 % (the network amplifies it)
    (state,) = stable_states_of(_field("published", 0.0, theory), [(0, 1, 2)])
    np.testing.assert_allclose(state.rates[FIRST], rates, rtol=5e-3, atol=0.06)


def _rows(config, n_active, size):
    wanted = {"config": config, "n_active": str(n_active), "k": size}
    return [row for row in RUNS if all(row[name] == value for name, value in wanted.items())]


@pytest.mark.parametrize(("config", "level", "n_active", "size"), CASES)
def test_both_corrections_together_match_simulations(config, level, n_active, size):
    rows = _rows(config, n_active, size)
    assert len(rows) >= 2
    (state,) = stable_states_of(_field(config, level, "exact/renewal"), [tuple(range(n_active))])
    for place, group in zip(FIRST, GROUPS, strict=True):
        simulated = np.mean([float(row[f"rate {group}"]) for row in rows])
        error = abs(state.rates[place] - simulated)
        assert error < (0.05 * simulated if "active" in group.split() else max(0.15 * simulated, 0.3)), group
    for place, group, largest in ((0, "E active", 0.03), (19, "I active", 0.08)):
        simulated = np.mean([float(row[f"cv pooled {group}"]) for row in rows])
        assert abs(state.cv[place] - simulated) < largest, group


@pytest.mark.parametrize("theory", ["shifted/poisson", "shifted/renewal", "exact/poisson"])
def test_one_correction_is_not_enough(theory):
    (state,) = stable_states_of(_field("published", 0.0, theory), [(0, 1, 2)])
    simulated = np.mean(
        [float(row["rate E active"]) for row in RUNS if row["config"] == "published" and row["n_active"] == "3"]
    )
    assert state.rates[0] < 0.88 * simulated


@pytest.mark.parametrize(
    ("config", "level", "n_active"), [("published", 0.0, 1), ("published", 0.0, 5), ("default", 0.3, 1)]
)
def test_states_that_do_not_last(config, level, n_active):
    # of 100 times the size, one active cluster becomes two within .05 s, and five become four within .5 s
    assert stable_states_of(_field(config, level, "exact/renewal"), [tuple(range(n_active))]) == [None]
    assert not _rows(config, n_active, "100")
