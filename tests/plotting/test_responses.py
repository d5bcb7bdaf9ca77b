from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.core.control.pooling import RELATIONS
from neuro_mod.errors import InputError
from neuro_mod.plotting.control.responses import response_map, step_response
from neuro_mod.plotting.style import DIVERGING


def test_the_map_shows_what_is_resolved_and_what_is_unknown(populations, crowded, cut_off):
    n = np.count_nonzero(populations.sizes)
    if not n:
        return
    rng = np.random.default_rng(1)
    response, error = rng.normal(size=(4, n)), np.full((4, n), 0.5)
    response[0, 0] = np.nan
    figure = response_map(response, error, ["0", "1", "2", "0+1+2"], populations, "state", "after 1 s (1/Hz)")
    axes, bar = figure.axes
    dots = axes.lines[0]
    assert len(dots.get_xdata()) == np.count_nonzero(np.abs(response) < error)
    known = [each for each in axes.collections if each.get_array() is not None and each.get_cmap() is DIVERGING]
    shown = np.ma.concatenate([each.get_array() for each in known], axis=1)
    assert shown.mask[0, 0] and shown.count() == 4 * n - 1
    assert np.ma.allclose(shown, np.ma.masked_invalid(response))
    largest = np.nanmax(np.abs(response[np.abs(response) > error]))
    assert known[0].get_clim() == (-largest, largest) == bar.get_ylim()
    assert not crowded(figure) and not cut_off(figure)


def test_the_label_of_the_colours_fits_beside_few_rows(default, crowded, cut_off):
    response = np.random.default_rng(1).normal(size=(6, np.count_nonzero(default.sizes)))
    names = [str(cluster) for cluster in range(6)]
    label = "response after 0.5 s (1/Hz)"
    figure = response_map(response, np.full_like(response, 0.5), names, default, "occupancy of cluster", label)
    assert figure.axes[1].get_ylabel().split() == label.split()
    assert not crowded(figure) and not cut_off(figure)


def test_the_step_response_stands_beside_its_check(crowded, cut_off):
    windows = np.linspace(0.1, 1.6, 8)
    response = windows[:, None] * np.array([3, -0.2, 0, -1, 0.1, 0])
    error = 0.1 * np.abs(response) + 0.01
    later = 0.1 * response
    figure = step_response(windows, RELATIONS, response, error, (later, error))
    assert [axes.get_title() for axes in figure.axes[:2]] == [
        "scores before\nthe observation",
        "later scores:\nmust vanish",
    ]
    assert {text.get_text() for text in figure.legends[0].texts} == {*RELATIONS, "± s.e."}
    own = figure.axes[0]
    assert np.array_equal(own.lines[0].get_ydata(), response[:, 0])
    assert own.get_ylim() == figure.axes[1].get_ylim()
    assert not crowded(figure) and not cut_off(figure)
    assert len(step_response(windows, RELATIONS[:3], response[:, :3], error[:, :3]).axes) == 2


def test_shapes_must_fit(default):
    with pytest.raises(InputError, match="response"):
        response_map(np.zeros((2, 3)), np.zeros((2, 3)), ["0", "1"], default, "cluster", "1/Hz")
    with pytest.raises(InputError, match="response"):
        step_response(np.array([0.1]), RELATIONS, np.zeros((1, 5)), np.zeros((1, 5)))
