from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from neuro_mod.core.spiking_net.analysis.rates.rates import smoothed_rates
from neuro_mod.plotting import population_map as module
from neuro_mod.plotting.network.cluster_rates import cluster_rate_map
from neuro_mod.plotting.style import DPI, population_groups
from neuro_mod.populations import Populations


def test_groups_are_images_of_their_rates(populations, make_spikes):
    times, rates = smoothed_rates(make_spikes(populations, 5000), populations.of_neuron, populations.total)
    axes = cluster_rate_map(times, rates, populations).axes[0]
    groups = population_groups(populations)
    assert len(axes.images) == len(groups)
    for image, (_, members) in zip(axes.images, groups, strict=True):
        assert np.allclose(np.asarray(image.get_array()), rates[:, members].T)
        assert np.allclose(image.get_extent()[:2], (0, 1))
    edges = np.array([image.get_extent()[2:] for image in axes.images]).reshape(-1, 2)
    assert (edges[:-1, 0] < edges[1:, 1]).all(), "groups lie below each other"


def test_axes_and_colour_bar_say_what_they_show(default, make_spikes):
    figure = cluster_rate_map(*smoothed_rates(make_spikes(default, 5000), default.of_neuron, 38), default)
    axes, bar = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel(), bar.get_ylabel()) == ("time (s)", "population", "firing rate (Hz)")
    names = [t.get_text() for t in axes.get_yticklabels()]
    of_clusters = [f"{kind}{cluster}" for kind in "EI" for cluster in (0, 5, 10, 15)]
    assert names == [*of_clusters[:4], "E background", *of_clusters[4:], "I background"]
    assert figure.dpi == DPI


def test_tick_labels_never_overlap(populations):
    figure = cluster_rate_map(np.arange(4) + 0.5, np.ones((4, populations.total)), populations)
    figure.draw_without_rendering()
    boxes = sorted((t.get_window_extent().y0, t.get_window_extent().y1) for t in figure.axes[0].get_yticklabels())
    assert all(below[1] <= above[0] for below, above in pairwise(boxes))


@pytest.mark.parametrize("n_samples", [0, 1])
def test_without_a_spike(populations, n_samples):
    rates = np.where(populations.sizes > 0, np.zeros((n_samples, populations.total)), np.nan)
    figure = cluster_rate_map(0.5 + np.arange(n_samples), rates, populations)
    assert figure.axes[0].get_xlim() == (0, n_samples or 1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_can_be_saved(default, saved, kind):
    assert len(saved(cluster_rate_map(np.arange(5) + 0.5, np.ones((5, 38)), default), kind)) > 1000


def test_long_runs_are_averaged(monkeypatch):
    monkeypatch.setattr(module, "_MAX_COLUMNS", 3)
    populations = Populations(0, (0, 0), (1, 0))
    rates = np.column_stack([np.arange(7.0), np.full(7, np.nan)])
    (image,) = cluster_rate_map(np.arange(7) * 0.1, rates, populations).axes[0].images
    assert np.asarray(image.get_array()).tolist() == [[1, 4, 6]]


def test_bad_arguments(default):
    with pytest.raises(ValueError, match=r"rates: shape \(3, 2\) found; expected \(3, 38\)"):
        cluster_rate_map(np.arange(3.0), np.zeros((3, 2)), default)
    with pytest.raises(ValueError, match=r"times: .* even steps"):
        cluster_rate_map(np.array([0, 1, 3.0]), np.zeros((3, 38)), default)
