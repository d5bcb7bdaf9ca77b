from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf, sem, variation

from neuro_mod.core.spiking_net.analysis.states import weighted
from neuro_mod.core.spiking_net.analysis.states.activity import tables_of_activity
from neuro_mod.core.spiking_net.analysis.states.lifetimes import restricted_mean
from neuro_mod.core.spiking_net.analysis.states.quantities import QUANTITIES, occupancies
from neuro_mod.core.spiking_net.analysis.states.resampling import jackknife, leaving_out, paired
from neuro_mod.errors import InputError
from tests.helpers.semi_markov import BIN, SemiMarkov

SPAN = st.tuples(st.integers(0, 3), st.integers(1, 9), st.booleans(), st.booleans())


def table(rows):
    """Spans of four sessions: (session, tenths of a second, cut at the start, cut at the end)."""
    frame = pd.DataFrame(rows, columns=["session", "duration", "censored_start", "censored_end"]).sort_values("session")
    frame = frame.astype({"session": int, "duration": float, "censored_start": bool, "censored_end": bool})
    return frame.assign(duration=frame["duration"] * 0.1, censored=frame["censored_start"] | frame["censored_end"])


def repeated(spans, weights):
    """Obvious and slow: the rows of each session, as often as it counts."""
    return pd.concat([spans[spans["session"] == i] for i, n in enumerate(weights) for _ in range(n)] or [spans[:0]])


WEIGHTS = st.lists(st.lists(st.integers(0, 2), min_size=4, max_size=4), min_size=1, max_size=3)


@given(st.lists(SPAN, max_size=25), WEIGHTS)
def test_a_weight_is_how_often_a_session_counts(rows, weights):
    spans = table(rows)
    many = np.array(weights, float)
    found = [each(spans, many) for each in (weighted.mean_duration, weighted.variation, weighted.kaplan_meier_mean)]
    for i, each in enumerate(weights):
        chosen = repeated(spans, each)
        whole = chosen.loc[~chosen["censored"].to_numpy(bool), "duration"].to_numpy()
        known = chosen[~chosen["censored_start"].to_numpy(bool)]
        expected = [
            whole.mean() if len(whole) else math.nan,
            variation(whole) if len(whole) > 1 else math.nan,
            restricted_mean(*(known[name].to_numpy() for name in ("duration", "censored_start", "censored_end")))
            if len(known)
            else math.nan,
        ]
        np.testing.assert_allclose([numbers[i] for numbers in found], expected, rtol=1e-9, atol=1e-7)


def test_kaplan_meier_mean_is_the_area_that_scipy_finds():
    """Up to the longest duration, where the estimate ends above 0."""
    rng = np.random.default_rng(0)
    rows = [
        (int(s), int(n), False, bool(cut)) for s, n, cut in zip(*rng.integers(0, (4, 9, 2), (60, 3)).T, strict=True)
    ]
    rows = [(s, n + 1, a, b) for s, n, a, b in rows] + [(0, 12, False, True)]
    spans = table(rows)
    sf = ecdf(CensoredData.right_censored(spans["duration"], spans["censored_end"])).sf
    edges, heights = np.append(0, sf.quantiles), np.append(1, sf.probabilities)
    area = np.sum(np.diff(edges) * heights[:-1])
    assert weighted.kaplan_meier_mean(spans, np.ones((1, 4)))[0] == pytest.approx(area, rel=1e-12)


def test_many_weights_are_done_in_parts(monkeypatch):
    spans = table([(i, n, False, n == 3) for i in range(4) for n in range(1, 5)])
    at_once = weighted.kaplan_meier_mean(spans, 1 - np.eye(4))
    monkeypatch.setattr(weighted, "_TOGETHER", 1)
    np.testing.assert_array_equal(weighted.kaplan_meier_mean(spans, 1 - np.eye(4)), at_once)


def test_jackknife_of_a_mean_is_its_textbook_error():
    """Sessions of equal length: the occupancy is the mean of theirs, and s / sqrt(n) its error."""
    active = SemiMarkov(n_clusters=2).activity(9, 2.0)
    error = jackknife(occupancies, tables_of_activity(active, BIN))
    assert error == pytest.approx(sem([each.mean(axis=0) for each in active], axis=0), rel=1e-9)


@pytest.mark.parametrize("name", QUANTITIES)
@pytest.mark.parametrize("n_sessions", [1, 2, 5])
def test_jackknife_against_leaving_out_one_by_one(name, n_sessions):
    tables = tables_of_activity(SemiMarkov().activity(n_sessions, 4.0), BIN, minimal_duration=0.05)
    quantity = QUANTITIES[name]
    parts = tables.blocks(10) if n_sessions == 1 else tables
    n = parts.n_sessions
    without = np.array([quantity.value(parts.select([j for j in range(n) if j != i])) for i in range(n)])
    expected = math.sqrt((n - 1) / n * np.sum((without - without.mean()) ** 2))
    assert quantity.standard_error(tables) == pytest.approx(expected, rel=1e-6, abs=1e-12, nan_ok=True)
    assert math.isnan(expected) == (name == "time_reassigned" and n_sessions == 1)


@pytest.mark.slow
def test_the_error_in_one_session_is_the_spread_over_many():
    """Blocks are long against what lasts; over 150 sessions of 20 s, a variance is known within 12 %."""
    tables = tables_of_activity(SemiMarkov(n_clusters=2).activity(150, 20.0, seed=3), BIN)
    sessions = [tables.select([i]) for i in range(tables.n_sessions)]
    for name in ("occupancy", "mean_activation_kaplan_meier_sec", "mean_interval_sec", "activation_rate_hz"):
        errors = np.array([QUANTITIES[name].standard_error(each) for each in sessions])
        spread = np.std([QUANTITIES[name].value(each) for each in sessions], ddof=1)
        assert np.sqrt(np.mean(errors**2)) == pytest.approx(spread, rel=0.2)


def test_sessions_are_left_out_in_parts(monkeypatch):
    tables = tables_of_activity(SemiMarkov().activity(7, 1.0), BIN)
    at_once = leaving_out(occupancies, tables)
    monkeypatch.setattr("neuro_mod.core.spiking_net.analysis.states.resampling._TOGETHER", 15)
    np.testing.assert_array_equal(leaving_out(occupancies, tables), at_once)


def test_paired_differences_of_equal_sessions_have_the_error_of_their_mean():
    one, other = (SemiMarkov(n_clusters=2).activity(8, 2.0, seed=seed) for seed in (1, 2))
    found = paired(occupancies, tables_of_activity(one, BIN), tables_of_activity(other, BIN))
    differences = np.array([b.mean(axis=0) - a.mean(axis=0) for a, b in zip(one, other, strict=True)])
    assert found.difference == pytest.approx(differences.mean(axis=0))
    assert found.standard_error == pytest.approx(sem(differences, axis=0))
    with pytest.raises(InputError, match="changed: 7 found; expected 8 sessions"):
        paired(occupancies, tables_of_activity(one, BIN), tables_of_activity(other[:7], BIN))


def test_no_error_without_sessions():
    tables = tables_of_activity(SemiMarkov().activity(2, 1.0), BIN).select([])
    assert np.isnan(jackknife(occupancies, tables)).all()
    assert np.isnan(
        paired(occupancies, *[tables_of_activity(SemiMarkov().activity(1, 1.0), BIN)] * 2).standard_error
    ).all()
