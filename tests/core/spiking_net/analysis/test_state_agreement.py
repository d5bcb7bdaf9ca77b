"""Numbers come from the definitions, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuro_mod.core.spiking_net.analysis.hidden_markov.agreement import agreement


def visits(*rows):
    return pd.DataFrame(
        {
            "session": np.array([row[0] for row in rows], np.int64),
            "state": pd.Series([row[1] for row in rows], dtype=object),
            "start": [float(row[2]) for row in rows],
            "end": [float(row[3]) for row in rows],
        }
    )


def random_visits(seed, name, n=2000):
    """Visits of 100 ms to five states, one after the other."""
    states = np.random.default_rng(seed).integers(5, size=n)
    return visits(*((0, name(state), 0.1 * k, 0.1 * (k + 1)) for k, state in enumerate(states)))


def test_identical_and_renamed_states_agree_fully():
    a = random_visits(0, int)
    for b in (a, random_visits(0, lambda state: (state, 7)), random_visits(0, lambda state: (7,) * state)):
        found = agreement(a, b, [200.0])
        assert found.adjusted_mutual_information == pytest.approx(1)
        assert found.adjusted_rand_index == pytest.approx(1)
        assert found.assigned == 1
        np.testing.assert_allclose(found.matches["fraction"], 1)
        assert dict(zip(a["state"], b["state"], strict=True)) == found.matches["state"].to_dict()


def test_independent_states_do_not_agree():
    """Bins of the visits' width, so that samples are independent: 2000 of 5 x 5 pairs scatter by about 0.005."""
    found = agreement(random_visits(0, int), random_visits(1, int), [200.0], bin_width=0.1)
    assert abs(found.adjusted_mutual_information) < 0.02
    assert abs(found.adjusted_rand_index) < 0.02


def test_times_by_hand():
    a = visits((0, 0, 0, 1), (0, 1, 1.5, 3), (1, 0, 0, 2))
    b = visits((0, (1, 4), 0, 0.5), (0, (), 0.5, 2), (0, (1, 4), 2, 2.5), (1, (1, 4), 0.5, 2), (1, (9,), 2, 2.5))
    found = agreement(a, b, [3.0, 2.5])
    expected = {(0, (1, 4)): 2.0, (0, ()): 0.5, (1, ()): 0.5, (1, (1, 4)): 0.5}
    assert found.seconds.index.tolist() == [0, 1] and found.seconds.columns.tolist() == [(1, 4), ()]
    for pair, seconds in expected.items():
        assert found.seconds.iloc[pair[0], [(1, 4), ()].index(pair[1])] == pytest.approx(seconds)
    assert found.assigned == pytest.approx(3.5 / 5.5)
    assert found.matches["state"].tolist() == [(1, 4), (1, 4)]
    assert found.matches["seconds"].tolist() == pytest.approx([2.0, 0.5])
    assert found.matches["fraction"].tolist() == pytest.approx([0.8, 0.5])


def test_adjusted_rand_index_by_hand():
    """Hubert & Arabie's equation 5 for pairs of bins: cells 2, 1 and 1, 2 give (2 - 2.4) / (6 - 2.4)."""
    a = visits((0, 0, 0, 3), (0, 1, 3, 6))
    b = visits((0, 5, 0, 2), (0, 6, 2, 3), (0, 5, 3, 4), (0, 6, 4, 6))
    assert agreement(a, b, [6.0], bin_width=1.0).adjusted_rand_index == pytest.approx(-0.4 / 3.6)


def test_no_time_in_common():
    found = agreement(visits((0, 0, 0, 1)), visits((0, 0, 1, 2)), [2.0])
    assert np.isnan(found.adjusted_mutual_information) and np.isnan(found.adjusted_rand_index)
    assert found.assigned == 0 and found.seconds.empty and found.matches.empty
    assert agreement(visits(), visits((0, 0, 1, 2)), [2.0]).assigned == 0


def test_refuses():
    a = visits((1, 0, 0, 1))
    with pytest.raises(ValueError, match="bin_width"):
        agreement(a, a, [1.0, 1.0], bin_width=0.0)
    with pytest.raises(ValueError, match="durations"):
        agreement(a, a, [])
    with pytest.raises(ValueError, match=r"occurrences: \[1\] found; expected sessions from 0 to"):
        agreement(a, a, [1.0])
