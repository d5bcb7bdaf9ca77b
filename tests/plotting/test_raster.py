from __future__ import annotations

from itertools import pairwise
from time import perf_counter

import matplotlib as mpl
import numpy as np
import pytest

from neuro_mod.plotting.network import raster as module
from neuro_mod.plotting.network.raster import raster
from neuro_mod.plotting.style import DPI, ONE_COLUMN, population_colours
from neuro_mod.populations import Populations


def dots(figure):
    lines = [line.get_xydata() for line in figure.axes[0].lines]
    return np.concatenate([np.empty((0, 2)), *lines])


@pytest.mark.parametrize("n_spikes", [0, 3000])
def test_every_spike_is_a_dot_at_its_time_and_neuron(populations, make_spikes, n_spikes):
    spikes = make_spikes(populations, n_spikes)
    drawn = dots(raster(spikes, populations))
    expected = np.column_stack([spikes.times, spikes.neurons])
    assert len(drawn) == len(spikes)
    assert np.array_equal(drawn[np.lexsort(drawn.T)], expected[np.lexsort(expected.T)])


def test_dots_have_the_colour_of_their_population(default, make_spikes):
    colours = np.array(population_colours(default))
    for line in raster(make_spikes(default, 3000), default).axes[0].lines:
        neurons = np.asarray(line.get_ydata(), dtype=int)
        assert set(colours[default.of_neuron[neurons]]) == {line.get_color()}
        assert line.get_rasterized()


def test_window_takes_its_first_instant_and_not_its_last(default, make_spikes):
    spikes = make_spikes(default, 3000)
    figure = raster(spikes, default, t_from=0.3, t_to=0.7)
    inside = (spikes.steps >= 600) & (spikes.steps < 1400)
    assert len(dots(figure)) == inside.sum() > 0
    assert figure.axes[0].get_xlim() == (0.3, 0.7)


def test_axes_say_what_they_show(default, make_spikes):
    axes = raster(make_spikes(default, 10), default).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time (s)", "neuron")
    assert axes.get_xlim() == (0, 1)
    assert axes.get_ylim() == (1999.5, -0.5)
    assert [t.get_text() for t in axes.texts] == ["E clusters", "E background", "I clusters", "I background"]


def test_each_population_with_neurons_has_a_bar(populations, make_spikes):
    bars = raster(make_spikes(populations, 10), populations).axes[0].collections
    drawn = [segment[:, 1] for bar in bars for segment in bar.get_segments()]
    inhabited = np.flatnonzero(populations.sizes)
    assert len(drawn) == len(inhabited)
    for (begin, end), a in zip(drawn, inhabited, strict=True):
        assert (begin, end) == (populations.slice(a).start - 0.5, populations.slice(a).stop - 0.5)


def test_names_of_groups_never_overlap(populations, make_spikes):
    figure = raster(make_spikes(populations, 10), populations)
    figure.draw_without_rendering()
    boxes = sorted((t.get_window_extent().y0, t.get_window_extent().y1) for t in figure.axes[0].texts)
    assert all(below[1] <= above[0] for below, above in pairwise(boxes))


def test_names_of_tiny_groups_are_moved_apart():
    places = module._apart(np.array([50.0, 97.0, 98.0, 99.5]), 5.0, 100.0)
    assert np.diff(places).min() >= 5
    assert places[0] == 50
    assert places[-1] == 97.5


def test_dots_shrink_with_the_number_of_spikes(default, make_spikes):
    def size(n):
        return raster(make_spikes(default, n), default).axes[0].lines[0].get_markersize()

    assert size(1000) > size(50_000) > size(300_000) == 72 / DPI


def test_few_neurons_have_thin_ticks_and_a_lower_figure(make_spikes, default):
    few = Populations(1, (10, 4), (4, 2))
    figure = raster(make_spikes(few, 100), few)
    for line in figure.axes[0].lines:
        assert line.get_marker() == "|" and line.get_markeredgewidth() <= 0.5
    assert figure.get_figheight() < raster(make_spikes(default, 0), default).get_figheight()


@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_can_be_saved_small(default, make_spikes, saved, kind):
    data = saved(raster(make_spikes(default, 50_000), default), kind)
    assert 1000 < len(data) < 2_000_000


def test_many_spikes_become_an_image_of_their_density(default, make_spikes, monkeypatch):
    monkeypatch.setattr(module, "MAX_DOTS", 100)
    spikes = make_spikes(default, 5000)
    only_first = spikes.neurons < 80
    spikes = type(spikes)(spikes.steps[only_first], spikes.neurons[only_first], 2000, 2000, 0.5e-3)
    axes = raster(spikes, default, t_from=0.1).axes[0]
    assert not axes.lines
    image = np.asarray(axes.images[0].get_array())
    assert image.min() >= 0
    assert image.max() == 1
    per_row = -(-2000 // len(image))
    assert (image[: 80 // per_row] < 1).any()
    assert (image[-(-80 // per_row) :] == 1).all()
    assert axes.get_xlim() == (0.1, 1.0)


@pytest.mark.parametrize("n_steps", [1, 50_001])
def test_long_and_short_runs_as_images(populations, make_spikes, monkeypatch, n_steps):
    monkeypatch.setattr(module, "MAX_DOTS", 0)
    figure = raster(make_spikes(populations, 500, n_steps), populations)
    assert len(figure.axes[0].images) == (populations.n_neurons > 0)


def test_run_without_a_step(populations, make_spikes):
    raster(make_spikes(populations, 0, 0), populations).draw_without_rendering()


def test_fast_with_many_spikes(default, make_spikes, saved):
    spikes = make_spikes(default, 100_000, 20_000)
    begin = perf_counter()
    saved(raster(spikes, default))
    assert perf_counter() - begin < 3  # about 0.5 s; room for a busy machine


def test_leaves_no_settings_behind(default, make_spikes):
    before = dict(mpl.rcParams)
    raster(make_spikes(default, 10), default)
    assert dict(mpl.rcParams) == before


def test_width(default, make_spikes):
    assert raster(make_spikes(default, 10), default, width=ONE_COLUMN).get_size_inches()[0] == ONE_COLUMN


def test_bad_arguments(default, populations, make_spikes):
    spikes = make_spikes(default, 10)
    with pytest.raises(ValueError, match="t_from < t_to"):
        raster(spikes, default, t_from=1, t_to=1)
    if populations.n_neurons != default.n_neurons:
        with pytest.raises(ValueError, match=r"expected 2000|2000 found"):
            raster(spikes, populations)
