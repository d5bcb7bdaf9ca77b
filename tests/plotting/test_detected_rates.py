from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.plotting.analysis.detected_rates import detected_rates
from neuro_mod.plotting.style import ONE_COLUMN, TWO_COLUMNS

TIMES = np.arange(100) * 5e-3 + 2.5e-3


def sample(n_clusters, n_times=100):
    times = TIMES[:n_times]
    rates = 20 + 20 * np.sin(20 * times[:, None] + np.arange(n_clusters))
    return times, rates, np.full(n_clusters, 25.0), rates > 25, 3 * np.arange(n_clusters)


def test_rows_share_a_scale():
    _, rates, thresholds, _, _ = given = sample(3)
    axes = detected_rates(*given).axes[0]
    lines = [np.asarray(line.get_ydata()) for line in axes.lines]
    scale = 0.95 / rates.max()
    for k in range(3):
        assert np.allclose(lines[2 * k], k + 1 - scale * rates[:, k])
        assert np.allclose(lines[2 * k + 1], k + 1 - scale * thresholds[k])
    assert axes.get_ylim() == (3, 0)
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["0", "3", "6"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time (s)", "cluster")


def test_active_stretches_are_filled():
    times, rates, thresholds, active, labels = sample(1)
    active = np.zeros_like(active)
    active[10:21] = True
    filled = detected_rates(times, rates, thresholds, active, labels).axes[0].collections[0]
    (path,) = filled.get_paths()
    above = path.vertices[path.vertices[:, 1] < 1, 0]
    assert np.allclose((above.min(), above.max()), (times[10] - 2.5e-3, times[20] + 2.5e-3))


def test_a_single_active_sample_is_filled():
    times, rates, thresholds, active, labels = sample(1)
    active = np.arange(100)[:, None] == 50
    (path,) = detected_rates(times, rates, thresholds, active, labels).axes[0].collections[0].get_paths()
    assert np.isclose(np.ptp(path.vertices[path.vertices[:, 1] < 1, 0]), 5e-3)


def test_a_bar_stands_for_a_round_rate():
    times, rates, *rest = sample(2)
    axes = detected_rates(times, rates, *rest).axes[0]
    (bar,) = axes.collections[-1].get_segments()
    (label,) = axes.texts
    assert np.isclose(float(label.get_text().removesuffix(" Hz")), np.ptp(bar[:, 1]) * rates.max() / 0.95)


def test_window():
    figure = detected_rates(*sample(2), t_from=0.1, t_to=0.2)
    assert figure.axes[0].get_xlim() == (0.1, 0.2)
    assert len(figure.axes[0].lines[0].get_xdata()) == 20


def test_clusters_without_a_threshold_or_a_rate():
    times, rates, thresholds, active, labels = sample(3)
    rates[:, 1], thresholds[2] = np.nan, np.nan
    axes = detected_rates(times, rates, thresholds, active, labels).axes[0]
    assert len(axes.lines) == 5


@pytest.mark.parametrize(
    ("n_clusters", "n_times", "width"),
    [(0, 100, ONE_COLUMN), (1, 0, ONE_COLUMN), (1, 1, ONE_COLUMN), (18, 100, ONE_COLUMN), (60, 100, TWO_COLUMNS)],
)
def test_texts_never_overlap(crowded, cut_off, n_clusters, n_times, width):
    figure = detected_rates(*sample(n_clusters, n_times), width=width)
    assert not crowded(figure)
    assert not cut_off(figure)


def test_bad_arguments():
    times, rates, thresholds, active, labels = sample(3)
    with pytest.raises(ValueError, match=r"rates: shape \(100, 2\) found; expected \(100, 3\)"):
        detected_rates(times, rates[:, :2], thresholds, active, labels)
    with pytest.raises(ValueError, match=r"active: shape \(99, 3\) found; expected \(100, 3\)"):
        detected_rates(times, rates, thresholds, active[:99], labels)
    with pytest.raises(ValueError, match=r"thresholds: shape \(\) found; expected \(3,\)"):
        detected_rates(times, rates, np.float64(3), active, labels)
    with pytest.raises(ValueError, match="even steps"):
        detected_rates(times**2, rates, thresholds, active, labels)
    with pytest.raises(ValueError, match=r"window: 2 s .* found; expected t_from < t_to"):
        detected_rates(times, rates, thresholds, active, labels, t_from=2.0)
