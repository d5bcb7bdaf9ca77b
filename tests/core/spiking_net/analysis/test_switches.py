"""Rates around switches: of clusters that switch at known times."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuro_mod import Analyzer, InputError
from neuro_mod.core.spiking_net.analysis.events.switches import around_switches
from neuro_mod.recordings.layout import ClusterLayout
from tests.helpers.trains import events

LAYOUT = ClusterLayout(np.array([3, 5, 9]), np.array([0, 0, 0, 1, 2, 2]), np.array([True, True, False]))


def activations(*rows):
    columns = ["session", "cluster", "start", "end", "censored_start", "censored_end"]
    return pd.DataFrame(rows, columns=columns)


def rates_of(session):
    """Samples of 10 ms: cluster 3 is at 10 Hz, cluster 5 at its sample number plus 100 times the session."""
    samples = np.arange(100)
    return 0.01, np.stack([np.full(100, 10.0), samples + 100.0 * session, np.full(100, 1e6)], axis=1)


def test_means_and_errors_as_by_hand():
    table = around_switches(
        activations((0, 5, 0.3, 0.5, False, False), (1, 5, 0.2, 0.4, False, False)), rates_of, LAYOUT, 0.02, 0.03
    )
    on = table[(table["switch"] == "on") & (table["clusters"] == "switching")]
    np.testing.assert_allclose(on["time"], [-0.015, -0.005, 0.005, 0.015, 0.025])
    np.testing.assert_allclose(on["rate_hz"], 75 + np.arange(-2, 3))  # the mean of samples 30 and 100 + 20
    np.testing.assert_allclose(on["standard_error"], 45)  # 90 / sqrt(2) over sqrt(2)
    others = table[(table["switch"] == "off") & (table["clusters"] == "others")]
    np.testing.assert_allclose(others["rate_hz"], 10)
    every = table[(table["switch"] == "on") & (table["clusters"] == "all")]
    np.testing.assert_allclose(every["rate_hz"], (3 * 10 + (75 + np.arange(-2, 3))) / 4)  # of three and one neurons
    assert set(table["n"]) == {2}


def test_unseen_switches_and_those_near_an_edge_are_left_out():
    spans = activations(
        (0, 5, 0.0, 0.5, True, False), (0, 5, 0.01, 0.3, False, False), (0, 3, 0.4, 0.98, False, False),
        (0, 3, 0.6, 1.0, False, True),
    )  # fmt: skip
    table = around_switches(spans, rates_of, LAYOUT, 0.02, 0.03)
    numbers = table.groupby("switch")["n"].first()
    assert numbers["on"] == 2 and numbers["off"] == 2
    with pytest.raises(InputError, match=r"no switch at least 0.5 s after the start and 0.6 s before the end"):
        around_switches(spans, rates_of, LAYOUT, 0.5, 0.6)
    with pytest.raises(InputError, match="before: -1 found"):
        around_switches(spans, rates_of, LAYOUT, -1, 0.6)


def test_spikes_that_switch():
    """Two clusters that take turns: one has 100 Hz while the other is silent, switching every 0.5 s."""
    dense = np.zeros((4000, 6), bool)
    for begin in range(0, 4000, 1000):
        dense[begin : begin + 500 : 10, :3] = dense[begin + 500 : begin + 1000 : 10, 3:] = True
    analyzer = Analyzer([events(dense)], clusters=[0] * 3 + [1] * 3, method="threshold")
    table = analyzer.around_switches(0.2, 0.2).set_index(["switch", "clusters", "time"])["rate_hz"].sort_index()
    for switch, early, late in (("on", 0, 100), ("off", 100, 0)):
        rate = table[switch, "switching"]
        assert rate[rate.index < -0.1].mean() == pytest.approx(early, abs=1)
        assert rate[rate.index > 0.1].mean() == pytest.approx(late, abs=1)
        other = table[switch, "others"]
        assert other[other.index > 0.1].mean() == pytest.approx(100 - late, abs=1)
