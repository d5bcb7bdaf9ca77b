from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from neuro_mod.plotting.network.rate_histogram import ComparedState, rate_histogram
from neuro_mod.plotting.state_styles import active_colours
from neuro_mod.plotting.style import ONE_COLUMN, TWO_COLUMNS

RATES = np.concatenate([np.full(30, 3.2), np.full(10, 41.0), [np.nan]])
STATES = [
    ComparedState(np.array([40.0, 3.0, 3.0]), "stable node", 1),
    ComparedState(np.array([5.0, 30.0, 30.0]), "stable focus", 2),
    ComparedState(np.array([12.0, 12.0, 12.0]), "saddle", 0),
]


def test_bars_hold_all_known_rates():
    (bars,) = rate_histogram(RATES, [], bin_width=2).axes[0].patches
    counts, edges, _ = bars.get_data()
    assert counts.sum() == 40
    assert (counts[1], counts[20]) == (30, 10)
    assert np.allclose(np.diff(edges), 2)


def test_stable_states_have_rows_by_number_of_active_clusters():
    above, below = rate_histogram(RATES, STATES).axes
    assert [text.get_text() for text in below.get_yticklabels()] == ["1 active", "2 active", "unstable"]
    markers = [line for line in below.lines if line.get_marker() == "o"]
    assert [line.get_xydata().tolist() for line in markers] == [[[40, 0]], [[3, 0]], [[30, 1]], [[5, 1]]]
    assert markers[0].get_markersize() > markers[1].get_markersize()
    colours = active_colours([1, 2])
    levels = [(lines.get_segments()[0][0, 0], to_hex(lines.get_color()[0])) for lines in above.collections]
    assert levels == [(40, colours[1]), (3, colours[1]), (30, colours[2]), (5, colours[2])]
    active, other = (lines.get_linestyle() for lines in above.collections[:2])
    assert active != other


def test_unstable_states_are_strokes_in_the_last_row():
    below = rate_histogram(RATES, STATES).axes[1]
    (strokes,) = [line for line in below.lines if line.get_marker() == "|"]
    assert strokes.get_xydata().tolist() == [[12, 2]] * 3


def test_axes():
    above, below = rate_histogram(RATES, STATES).axes
    assert (above.get_ylabel(), below.get_xlabel()) == ("samples", "rate of an E cluster (Hz)")
    assert above.get_xlim() == below.get_xlim()
    assert above.get_yscale() == "linear"
    assert rate_histogram(RATES, [], logarithmic=True).axes[0].get_yscale() == "log"


def test_plain_tuples_are_states():
    assert len(rate_histogram(RATES, [tuple(state) for state in STATES]).axes) == 2


@pytest.mark.parametrize("logarithmic", [False, True])
@pytest.mark.parametrize("rates", [[], [0.0], [7.0]])
def test_few_rates(rates, logarithmic):
    rate_histogram(np.array(rates), STATES[:1], logarithmic=logarithmic).draw_without_rendering()


@pytest.mark.parametrize(("n", "width"), [(1, TWO_COLUMNS), (18, ONE_COLUMN)])
def test_texts_never_overlap(crowded, cut_off, n, width):
    states = [ComparedState(np.arange(18.0), "stable node", k) for k in range(n)] + STATES[2:]
    figure = rate_histogram(RATES, states, width=width)
    assert not crowded(figure)
    assert not cut_off(figure)


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"rates: shape \(2, 3\) found; expected \(n,\)"):
        rate_histogram(np.zeros((2, 3)), STATES)
    with pytest.raises(ValueError, match=r"bin_width: 0.* found; expected Hz above 0"):
        rate_histogram(RATES, STATES, bin_width=0)
    with pytest.raises(ValueError, match=r"kind of steady state: .limit cycle. found"):
        rate_histogram(RATES, [ComparedState(RATES, "limit cycle", 1)])
