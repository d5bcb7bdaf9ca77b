from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.plotting.network.paired_runs import MAX_TRACES, difference_traces, paired_runs
from neuro_mod.plotting.style import (
    DIVERGING,
    ONE_AND_A_HALF_COLUMNS,
    ONE_COLUMN,
    TWO_COLUMNS,
    population_colours,
    population_groups,
)
from neuro_mod.populations import Populations

TIMES = (np.arange(20) + 0.5) * 0.05


@pytest.fixture
def difference(populations):
    return differences(populations)


def differences(populations: Populations):
    values = np.random.default_rng(1).normal(size=(20, populations.total))
    return np.where(populations.sizes > 0, values, np.nan)


def vector(populations: Populations):
    return np.linspace(-1, 2, populations.total)


def test_rasters_lie_side_by_side(populations, make_spikes, difference):
    baseline, changed = make_spikes(populations, 3000), make_spikes(populations, 1000)
    figure = paired_runs(baseline, changed, TIMES, difference, {"rate": vector(populations)}, populations)
    panels = figure.axes[:2]
    for axes, spikes, title in zip(panels, (baseline, changed), ("baseline", "perturbed"), strict=True):
        drawn = np.concatenate([np.empty((0, 2)), *(line.get_xydata() for line in axes.lines)])
        expected = np.column_stack([spikes.times, spikes.neurons])
        assert np.array_equal(drawn[np.lexsort(drawn.T)], expected[np.lexsort(expected.T)])
        assert (axes.get_title(), axes.get_xlabel(), axes.get_xlim()) == (title, "time (s)", (0, 1))
    assert panels[0].get_ylabel() == "neuron"
    figure.draw_without_rendering()
    left, right, column = (axes.get_window_extent() for axes in figure.axes[:3])
    assert left.x1 < right.x0 < right.x1 < column.x0
    assert (left.y0, left.y1) == (right.y0, right.y1) == (column.y0, column.y1)


def test_vectors_span_the_neurons_of_their_populations(populations, make_spikes, difference):
    spikes = make_spikes(populations, 10)
    vectors = {"rate": vector(populations), "threshold": np.zeros(populations.total)}
    axes, still = paired_runs(spikes, spikes, TIMES, difference, vectors, populations).axes[2:4]
    assert axes.get_ylim() == (max(1, populations.n_neurons) - 0.5, -0.5)
    for a, (patch, pale) in enumerate(zip(axes.patches, still.patches, strict=True)):
        neurons = populations.slice(a)
        assert (patch.get_y(), patch.get_y() + patch.get_height()) == (neurons.start - 0.5, neurons.stop - 0.5)
        assert np.allclose(patch.get_facecolor(), DIVERGING(0.5 + vectors["rate"][a] / 4))
        assert np.allclose(pale.get_facecolor(), 1)
    assert [t.get_text() for t in axes.texts] == ["external rate\n±2 Hz"]
    assert still.texts[0].get_text() == "threshold\n0 threshold units"


def test_map_of_differences(populations, make_spikes, difference):
    spikes = make_spikes(populations, 10)
    *_, axes, bar = paired_runs(spikes, spikes, TIMES, difference, {}, populations).axes
    groups = population_groups(populations)
    largest = np.nanmax(np.abs(difference), initial=0.0) or 1.0
    for image, (_, members) in zip(axes.images, groups, strict=True):
        assert np.allclose(np.asarray(image.get_array()), difference[:, members].T)
        assert np.allclose(image.get_extent()[:2], (0, 1))
        assert np.allclose(image.get_clim(), (-largest, largest))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time (s)", "population")
    assert bar.get_ylabel() == "rate difference (Hz)"


@pytest.mark.parametrize("n_targets", [0, 3, 13])
def test_texts_of_runs_never_overlap(default, make_spikes, crowded, n_targets):
    check_texts(default, make_spikes, crowded, n_targets, TWO_COLUMNS)


def test_texts_of_narrow_runs_never_overlap(populations, make_spikes, crowded):
    check_texts(populations, make_spikes, crowded, 2, ONE_AND_A_HALF_COLUMNS)


def check_texts(populations, make_spikes, crowded, n_targets, width):
    spikes, difference = make_spikes(populations, 10), differences(populations)
    vectors = {target: vector(populations) / 3 for target in list(TARGETS)[::-1][:n_targets]}
    figure = paired_runs(spikes, spikes, TIMES, difference, vectors, populations, width=width)
    assert not crowded(figure)
    assert len(figure.axes) == 4 + n_targets
    assert figure.get_size_inches()[0] == width


def test_runs_of_different_length(default, make_spikes):
    short, long = make_spikes(default, 100, 1000), make_spikes(default, 100, 2000)
    for pair in ((short, long), (long, short)):
        assert [a.get_xlim() for a in paired_runs(*pair, TIMES, differences(default), {}, default).axes[:2]] == [
            (0, 1)
        ] * 2
    figure = paired_runs(short, long, TIMES, differences(default), {}, default, t_from=0.2, t_to=0.4)
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim() == (0.2, 0.4)


@pytest.mark.parametrize("n_bins", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_runs_without_spikes_or_bins(populations, make_spikes, n_bins):
    spikes = make_spikes(populations, 0, 0)
    nothing = np.full((n_bins, populations.total), np.nan)
    paired_runs(spikes, spikes, TIMES[:n_bins], nothing, {}, populations).draw_without_rendering()
    acted_on = np.ones(populations.total, dtype=bool)
    difference_traces(TIMES[:n_bins], nothing, nothing, populations, acted_on).draw_without_rendering()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_can_be_saved(default, make_spikes, saved, kind):
    spikes, values = make_spikes(default, 20_000), differences(default)
    figure = paired_runs(spikes, spikes, TIMES, values, {"rate": vector(default)}, default)
    assert 1000 < len(saved(figure, kind)) < 2_000_000
    acted_on = np.ones(38, dtype=bool)
    assert len(saved(difference_traces(TIMES, values, np.abs(values), default, acted_on), kind)) > 1000


def test_traces_with_bands(populations, difference):
    error = np.abs(difference) / 2
    acted_on = np.ones(populations.total, dtype=bool)
    figure = difference_traces(TIMES, difference, error, populations, acted_on)
    shown = [populations.index(axes.get_title(loc="left").replace(" ", "_")) for axes in figure.axes if axes.lines]
    assert len(shown) == min(MAX_TRACES, (populations.sizes > 0).sum())
    assert shown == sorted(shown)
    for axes, a in zip(figure.axes, shown, strict=bool(shown)):
        zero, trace = axes.lines
        assert set(zero.get_ydata()) == {0}
        assert np.array_equal(trace.get_xydata(), np.column_stack([TIMES, difference[:, a]]))
        assert trace.get_color() == population_colours(populations)[a]
        (band,) = axes.collections
        corners = band.get_paths()[0].vertices
        assert np.isclose(corners[:, 1].max(), (difference + error)[:, a].max())
        assert np.isclose(corners[:, 1].min(), (difference - error)[:, a].min())
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    assert all(np.allclose(axes.get_xlim(), (0, 1)) for axes in figure.axes)
    assert (figure.axes[-1].get_xlabel(), figure.get_supylabel()) == ("time (s)", "rate difference (Hz)")
    entries = ["mean over pairs", "± s.e."]
    assert [text.get_text() for text in figure.legends[0].texts] == entries[: 2 if shown else 1]


def test_one_trial_has_no_band(default):
    values = differences(default)
    figure = difference_traces(TIMES, values, np.full_like(values, np.nan), default, np.ones(38, dtype=bool))
    assert not any(axes.collections for axes in figure.axes)


def titles(default, sizes, acted_on):
    values = np.outer(np.where(np.arange(20) % 2, -1, 1), sizes)
    figure = difference_traces(TIMES, values, np.zeros_like(values), default, acted_on)
    return [axes.get_title(loc="left") for axes in figure.axes]


def test_e_clusters_acted_on_come_first_and_the_largest_of_them(default):
    sizes = np.linspace(1, 2, 38)
    assert titles(default, sizes, np.ones(38, dtype=bool)) == [f"E{k}" for k in range(10, 18)]
    acted_on = np.isin(np.arange(38), [3, 5, 18, 20, 37])
    assert titles(default, sizes, acted_on) == ["E3", "E5", "E background", "I1", "I background"]


def test_where_nothing_is_acted_on_the_largest_are_shown(default):
    sizes = np.linspace(2, 1, 38)
    assert titles(default, sizes, np.zeros(38, dtype=bool)) == [f"E{k}" for k in range(8)]


@pytest.mark.parametrize(("n", "width"), [(1, ONE_COLUMN), (3, ONE_AND_A_HALF_COLUMNS), (8, ONE_COLUMN)])
def test_texts_of_traces_never_overlap(default, crowded, n, width):
    values = 1e4 * differences(default)
    figure = difference_traces(TIMES, values, values, default, np.arange(38) < n, width=width)
    assert len(figure.axes) == n
    assert not crowded(figure)


def test_bad_arguments(default, make_spikes):
    spikes, values = make_spikes(default, 10), differences(default)
    small = make_spikes(Populations(0, (0, 0), (80, 20)), 10)
    with pytest.raises(ValueError, match=r"differences: shape \(20, 3\) found; expected \(20, 38\)"):
        paired_runs(spikes, spikes, TIMES, values[:, :3], {}, default)
    for pair in ((spikes, small), (small, spikes)):
        with pytest.raises(ValueError, match="number of neurons in spikes: 100 found; expected 2000"):
            paired_runs(*pair, TIMES, values, {}, default)
    with pytest.raises(ValueError, match="speed cannot be perturbed"):
        paired_runs(spikes, spikes, TIMES, values, {"speed": np.zeros(38)}, default)
    with pytest.raises(ValueError, match=r"rate: shape \(2,\) found; expected \(38,\)"):
        paired_runs(spikes, spikes, TIMES, values, {"rate": np.zeros(2)}, default)
    with pytest.raises(ValueError, match="t_from < t_to"):
        paired_runs(spikes, spikes, TIMES, values, {}, default, t_from=1.0)
    with pytest.raises(ValueError, match=r"standard errors: shape \(19, 38\) found; expected \(20, 38\)"):
        difference_traces(TIMES, values, values[1:], default, np.ones(38, dtype=bool))
    with pytest.raises(ValueError, match=r"acted_on: shape \(3,\) found; expected \(38,\)"):
        difference_traces(TIMES, values, values, default, np.ones(3, dtype=bool))
