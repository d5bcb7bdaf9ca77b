from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.plotting.network.voltage_trace import voltage_trace

TIMES = np.arange(200) * 0.5e-3
VOLTAGE = np.column_stack([np.sin(90 * TIMES), np.cos(90 * TIMES) - 0.5, np.zeros(200)])


def ticks(axes):
    return [segment[0, 0] for segment in axes.collections[0].get_segments()]


def test_one_trace():
    (axes,) = voltage_trace(TIMES, VOLTAGE[:, 0], 1.5, np.array([0.02, 0.05]), "neuron 7 (E2)").axes
    trace, threshold = axes.lines
    assert np.array_equal(trace.get_xydata(), np.column_stack([TIMES, VOLTAGE[:, 0] / 1.5]))
    assert set(threshold.get_ydata()) == {1}
    assert threshold.get_linestyle() == "--"
    assert ticks(axes) == [0.02, 0.05]
    bottom = axes.transLimits.inverted().transform((0, axes.collections[0].get_segments()[0][0, 1]))[1]
    assert bottom > 1, "spikes are above the threshold"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time (s)", "V / threshold")
    assert [text.get_text() for text in axes.figure.legends[0].texts] == ["voltage", "threshold", "spikes"]
    assert axes.get_title(loc="left") == "neuron 7 (E2)"


def test_several_traces_share_time():
    spike_times = [np.array([0.01]), np.empty(0), np.array([0.03, 0.04])]
    figure = voltage_trace(TIMES, VOLTAGE, [1.5, 0.75, 1.5], spike_times, ["a", "b", "c"])
    assert [ticks(axes) for axes in figure.axes] == [list(times) for times in spike_times]
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["a", "b", "c"]
    assert [axes.lines[1].get_ydata()[0] for axes in figure.axes] == [1, 1, 1]
    assert np.array_equal(figure.axes[1].lines[0].get_ydata(), VOLTAGE[:, 1] / 0.75)
    assert {axes.get_xlim() for axes in figure.axes} == {(0, 0.1)}
    assert figure.get_supylabel() == "V / threshold"
    assert figure.axes[-1].get_xlabel() == "time (s)"


def test_a_threshold_that_changes_is_drawn_in_units_of_the_unperturbed_one():
    course = np.where(TIMES < 0.05, 1.5, 1.8)[:, None]
    (axes,) = voltage_trace(TIMES, VOLTAGE[:, :1], course, [np.empty(0)], "a", unperturbed=1.5).axes
    assert np.array_equal(axes.lines[1].get_ydata(), course[:, 0] / 1.5)
    assert axes.get_ylabel() == "V / unperturbed\nthreshold"
    (raised,) = voltage_trace(TIMES, VOLTAGE[:, :1], 1.8, [np.empty(0)], "a", unperturbed=1.5).axes
    assert raised.get_ylabel() == axes.get_ylabel() and raised.lines[1].get_ydata()[0] == pytest.approx(1.2)
    (unknown,) = voltage_trace(TIMES, VOLTAGE[:, :1], course, [np.empty(0)], "a").axes
    assert np.array_equal(unknown.lines[1].get_ydata(), course[:, 0])
    assert unknown.get_ylabel() == "V (threshold units)"
    with pytest.raises(ValueError, match=r"unperturbed: shape \(2,\) found; expected \(\) or \(1,\)"):
        voltage_trace(TIMES, VOLTAGE[:, :1], course, [np.empty(0)], "a", unperturbed=[1, 2])


@pytest.mark.parametrize("n_samples", [0, 1, 2])
def test_short_traces(n_samples):
    figure = voltage_trace(TIMES[:n_samples], VOLTAGE[:n_samples, 0], 0.0, np.empty(0), "x")
    figure.draw_without_rendering()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_can_be_saved(saved, kind):
    assert len(saved(voltage_trace(TIMES, VOLTAGE, 1.5, [TIMES[:2]] * 3, list("abc")), kind)) > 1000


def test_a_column_is_a_trace():
    assert len(voltage_trace(TIMES, VOLTAGE[:, :1], 1.5, [np.empty(0)], "x").axes) == 1


@pytest.mark.parametrize(
    ("voltage", "threshold", "n_trains", "labels", "message"),
    [
        (VOLTAGE[:5], 1.5, 3, "abc", r"voltage: shape \(5, 3\) found; expected \(200, n_traces\)"),
        (VOLTAGE[:, :0], 1.5, 0, "", r"shape \(200, 0\) found"),
        (VOLTAGE[None], 1.5, 3, "abc", r"shape \(1, 200, 3\) found"),
        (VOLTAGE, 1.5, 2, "abc", "length of spike_times: 2 found; expected 3"),
        (VOLTAGE, 1.5, 3, "ab", "length of label: 2 found; expected 3"),
        (VOLTAGE, [1.5, 1], 3, "abc", r"threshold: shape \(2,\) found; expected \(\), \(3,\) or"),
    ],
)
def test_bad_arguments(voltage, threshold, n_trains, labels, message):
    with pytest.raises(ValueError, match=message):
        voltage_trace(TIMES, voltage, threshold, [np.empty(0)] * n_trains, list(labels))
