from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.plotting.network.theories import CLOSE, theory_comparison
from neuro_mod.plotting.style import ONE_COLUMN, TWO_COLUMNS

SIMULATED = {"E active": 50.0, "E inactive": 2.0, "I active": 0.0}
ERRORS = {"E active": 5.0, "E inactive": np.nan, "I active": 1.0}
THEORIES = {
    "shifted/poisson": {"E active": 25.0, "E inactive": 4.0, "I active": 3.0},
    "shifted/renewal": {"E active": 40.0, "E inactive": 3.0, "I active": 3.0},
    "exact/poisson": {"E active": 45.0, "E inactive": np.nan, "I active": 3.0},
    "exact/renewal": {"E active": 60.0, "E inactive": 1.0, "I active": 3.0},
}


def test_markers_are_at_ratios_in_rows_of_groups():
    axes = theory_comparison(SIMULATED, THEORIES, standard_errors=ERRORS).axes[0]
    identity, *drawn = axes.lines
    assert identity.get_xdata() == [1, 1] and axes.get_xscale() == "log"
    ratios = [[0.5, 2.0], [0.8, 1.5], [0.9], [1.2, 0.5]]
    assert [line.get_xdata().tolist() for line in drawn] == [pytest.approx(each) for each in ratios]
    for line in drawn:
        rows = line.get_ydata()
        assert np.array_equal(np.round(rows), np.arange(len(rows))) and np.abs(rows - np.round(rows)).max() < 0.3
    assert len({(line.get_color(), line.get_marker(), str(line.get_markeredgecolor())) for line in drawn}) == 4
    (bars,) = [each for each in axes.collections if hasattr(each, "get_segments")]
    assert np.allclose(bars.get_segments(), [[[0.9, 0], [1.1, 0]]])
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "E active\n50 Hz",
        "E inactive\n2 Hz",
        "I active\n0 Hz",
    ]


def test_the_legend_names_the_theories():
    figure = theory_comparison(SIMULATED, THEORIES)
    names = {name.replace("poisson", "Poisson").replace("/", ", ") + " input" for name in THEORIES}
    assert {text.get_text() for text in figure.legends[0].texts} == {*names, f"within {100 * CLOSE:.0f} %"}


def test_the_legend_explains_the_bars_and_the_axis_says_which_rates_they_are():
    figure = theory_comparison(SIMULATED, THEORIES, standard_errors=ERRORS, kind="settled")
    assert figure.legends[0].texts[-1].get_text() == "± s.e. of the settled rate"
    assert figure.axes[0].get_xlabel() == "rate in theory / settled rate"


@pytest.mark.parametrize("width", [ONE_COLUMN, TWO_COLUMNS])
def test_texts_never_overlap(crowded, cut_off, width):
    groups = ["E active", "E inactive", "E background", "I active", "I inactive", "I background"]
    simulated = dict(zip(groups, [48.7, 1.18, 1.86, 33.4, 6.99, 13.7], strict=True))
    theories = {
        name: dict(zip(groups, factor * np.array(list(simulated.values())), strict=True))
        for name, factor in zip(THEORIES, (0.3, 0.8, 1.01, 2.6), strict=True)
    }
    figure = theory_comparison(simulated, theories, width=width)
    assert not crowded(figure)
    assert not cut_off(figure)


@pytest.mark.parametrize("rate", [0.0, np.nan])
def test_without_a_known_rate(rate):
    theory_comparison({"E": rate}, {"exact/renewal": {"E": rate}}).draw_without_rendering()


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"groups of exact/poisson: .*E.* found; expected those of simulated, E, I"):
        theory_comparison({"E": 1.0, "I": 2.0}, {"exact/poisson": {"E": 1.0}})
    with pytest.raises(ValueError, match=r"theories: \"exact\" found; expected some of shifted/poisson, "):
        theory_comparison({"E": 1.0}, {"exact": {"E": 1.0}})
    with pytest.raises(ValueError, match=r"groups of standard_errors: \[\] found"):
        theory_comparison({"E": 1.0}, {}, standard_errors={})
