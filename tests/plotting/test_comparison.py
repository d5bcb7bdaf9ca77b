from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.plotting.comparison import CLOSE, KIND_STYLES, rate_comparison
from neuro_mod.plotting.style import ONE_COLUMN, TWO_COLUMNS

THEORY = {"active E clusters": [40.0, 36.0], "other E clusters": 4.0, "I background": 10.0}
SIMULATED = {"active E clusters": [38.0, 38.0], "other E clusters": 4.4, "I background": 9.0}
ERRORS = {"active E clusters": [1.0, np.nan], "other E clusters": 0.2, "I background": np.nan}


def test_points_lie_over_the_rates_in_theory():
    identity, *kinds = rate_comparison(SIMULATED, THEORY).axes[0].lines
    assert np.array_equal(identity.get_xdata(), identity.get_ydata())
    assert [line.get_xydata().tolist() for line in kinds] == [[[40, 38], [36, 38]], [[4, 4.4]], [[10, 9]]]
    assert len({(line.get_color(), line.get_marker()) for line in kinds}) == 3
    assert len({colour for colour, _ in KIND_STYLES}) == len({marker for _, marker in KIND_STYLES}) == len(KIND_STYLES)


def test_the_legend_says_how_far_simulations_deviate():
    figure = rate_comparison(SIMULATED, THEORY)
    assert [text.get_text() for text in figure.legends[0].texts] == [
        "active E clusters (+0 %)",
        "other E clusters (+10 %)",
        "I background (\N{MINUS SIGN}10 %)",
        f"within {100 * CLOSE:.0f} %",
    ]


def test_errors_that_are_known_are_bars():
    axes = rate_comparison(SIMULATED, THEORY, standard_errors=ERRORS).axes[0]
    bars = [segment.tolist() for lines in axes.collections[1:] for segment in lines.get_segments()]
    assert np.allclose(bars, [[[40, 37], [40, 39]], [[4, 4.2], [4, 4.6]]])


@pytest.mark.parametrize("logarithmic", [False, True])
def test_both_axes_are_the_same(logarithmic):
    axes = rate_comparison(SIMULATED, THEORY, logarithmic=logarithmic).axes[0]
    assert axes.get_xlim() == axes.get_ylim()
    assert axes.get_xlim()[0] < 4
    assert axes.get_xlim()[1] > 40
    assert axes.get_xscale() == axes.get_yscale() == ("log" if logarithmic else "linear")
    assert axes.get_box_aspect() == 1
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("rate in theory (Hz)", "simulated rate (Hz)")


@pytest.mark.parametrize("logarithmic", [False, True])
@pytest.mark.parametrize("rate", [0.0, np.nan])
def test_without_a_known_rate(rate, logarithmic):
    rate_comparison({"E": rate}, {"E": rate}, logarithmic=logarithmic).draw_without_rendering()


@pytest.mark.parametrize(("logarithmic", "width"), [(True, ONE_COLUMN), (False, TWO_COLUMNS)])
def test_texts_never_overlap(crowded, cut_off, logarithmic, width):
    kinds = ["active E clusters", "other E clusters", "E background", "active I clusters", "other I clusters", "I"]
    rates = dict(zip(kinds, [38, 4, 2.3, 25, 9, 10.0], strict=True))
    figure = rate_comparison(rates, rates, logarithmic=logarithmic, width=width)
    assert not crowded(figure)
    assert not cut_off(figure)


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"kinds of theory: .*E.* found; expected those of simulated, E, I"):
        rate_comparison({"E": 1.0, "I": 2.0}, {"E": 1.0})
    with pytest.raises(ValueError, match=r"theory, E: shape \(\) found; expected \(2,\)"):
        rate_comparison({"E": [1.0, 2.0]}, {"E": 1.0})
    with pytest.raises(ValueError, match=r"kinds of standard_errors: \[\] found; expected those of simulated, E"):
        rate_comparison({"E": 1.0}, {"E": 1.0}, standard_errors={})
