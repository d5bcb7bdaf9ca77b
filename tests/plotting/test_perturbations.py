from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.image import imread

from neuro_mod.core.course import Course
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.plotting.network.perturbations import effective_parameters, perturbation_map
from neuro_mod.plotting.style import DPI, ONE_AND_A_HALF_COLUMNS, ONE_COLUMN, population_colours, population_groups
from neuro_mod.populations import Populations

DELTA_T = 0.5e-3
RUN = {"duration": 1.0, "delta_t": DELTA_T}


def hat(populations: Populations, size: float = 2.0, steps: tuple[int, int] = (500, 1500)) -> Course:
    vector = size * np.linspace(-0.5, 1, populations.total)
    return Course([0, *steps], np.outer([0, 1, 0], vector))


def mesh(collection):
    return np.asarray(collection.get_array()), collection.get_coordinates()


def test_few_pieces_are_exact(populations):
    course = hat(populations)
    axes = perturbation_map({"rate": course}, populations, **RUN).axes[0]
    groups = population_groups(populations)
    assert len(axes.collections) == len(groups)
    for collection, (_, members) in zip(axes.collections, groups, strict=True):
        values, corners = mesh(collection)
        assert np.array_equal(values, course.values[:, members].T)
        assert np.allclose(corners[0, :, 0], [0, 0.25, 0.75, 1])
    edges = [mesh(collection)[1][[0, -1], 0, 1] for collection in axes.collections]
    assert all(above[1] < below[0] for above, below in pairwise(edges)), "groups below each other"
    assert axes.get_xlim() == (0, 1)


def test_colours_are_centred(default):
    axes = perturbation_map({"rate": hat(default)}, default, **RUN).axes[0]
    assert all(collection.get_clim() == (-2, 2) for collection in axes.collections)


def test_pieces_after_the_end_of_the_run_are_left_out(default):
    course = Course([0, 100, 5000], np.outer([1, 2, 50], np.ones(38)))
    axes = perturbation_map({"rate": course}, default, **RUN).axes[0]
    values, corners = mesh(axes.collections[0])
    assert np.array_equal(values[0], [1, 2])
    assert np.allclose(corners[0, :, 0], [0, 0.05, 1])
    assert axes.collections[0].get_clim() == (-2, 2)


@pytest.mark.parametrize("first", [0, 1, 100_000, 199_999])
def test_one_step_of_a_long_run_is_seen(first):
    populations = Populations(0, (0, 0), (1, 0))
    values = [[0.0, 0.0], [-1.0, 0.0], [0.0, 0.0]]
    pieces = [(0, 0), (first, 1), (first + 1, 2)][first == 0 :]
    pieces = [(step, i) for step, i in pieces if step < 200_000]
    course = Course([step for step, _ in pieces], [values[i] for _, i in pieces])
    figure = perturbation_map({"rate": course}, populations, duration=100.0, delta_t=DELTA_T)
    drawn, corners = mesh(figure.axes[0].collections[0])
    (column,) = np.flatnonzero(drawn[0])
    assert drawn[0, column] == -1
    assert corners[0, column, 0] <= first * DELTA_T < corners[0, column + 1, 0]
    stream = io.BytesIO()
    figure.savefig(stream)
    stream.seek(0)
    box = figure.axes[0].get_window_extent()
    image = imread(stream)[:, int(box.x0) : int(box.x1) + 1]
    middle = image[image.shape[0] - int((box.y0 + box.y1) / 2)]
    assert 1 <= (middle[:, 0] < 0.3).sum() < 0.01 * len(middle), "dark blue, some pixels wide"


def test_many_pieces_show_the_value_farthest_from_zero():
    populations = Populations(0, (0, 0), (1, 1))
    values = np.random.default_rng(1).normal(size=(20_000, 2))
    axes = perturbation_map({"rate": Course.sampled(values)}, populations, duration=10.0, delta_t=DELTA_T).axes[0]
    for population, collection in enumerate(axes.collections):
        drawn, corners = mesh(collection)
        assert 200 < drawn.shape[1] < ONE_AND_A_HALF_COLUMNS * DPI / 2
        edges = np.round(corners[0, :, 0] / DELTA_T).astype(int)
        for i, (begin, end) in enumerate(pairwise(edges)):
            column = values[begin:end, population]
            assert drawn[0, i] == column[np.argmax(np.abs(column))]


def test_nothing_perturbed(populations):
    still = Course([0], np.zeros((1, populations.total)))
    perturbation_map({"rate": still}, populations, **RUN).draw_without_rendering()
    perturbation_map({"rate": still}, populations, duration=0.0, delta_t=DELTA_T).draw_without_rendering()


def test_map_says_what_it_shows(default):
    figure = perturbation_map({"rate": hat(default), "arousal_L": hat(default, 0.1)}, default, **RUN)
    assert [bar.get_ylabel() for bar in figure.axes[2:]] == ["Δ external rate (Hz)", "Δ L of arousal"]
    assert figure.axes[1].get_xlabel() == "time (s)"
    assert figure.get_supylabel() == "population"
    assert {"E0", "E background", "I background"} <= {t.get_text() for t in figure.axes[0].get_yticklabels()}


def test_populations_beyond_the_perturbed_ones_are_left_out(default):
    vector = np.zeros(38)
    vector[[2, 4]] = 1.0
    figure = perturbation_map({"rate": Course([0], vector[None])}, default, **RUN)
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["E2", "E3", "E4"]
    assert figure.get_supxlabel() == "all other populations are unperturbed"
    nothing = perturbation_map({"rate": Course([0], np.zeros((1, 38)))}, default, **RUN)
    assert nothing.axes[0].get_yticklabels()[-1].get_text() == "I background" and not nothing.get_supxlabel()


def test_relative_changes_have_no_unit(default):
    figure = perturbation_map({"j_baseline": hat(default)}, default, **RUN)
    assert figure.axes[1].get_ylabel() == "Δ factor of weights\nreceived\n(relative)"


@pytest.mark.parametrize("n_targets", [1, 4, 13])
def test_texts_never_overlap(default, crowded, n_targets):
    check_texts(default, crowded, n_targets, ONE_AND_A_HALF_COLUMNS)


def test_texts_in_a_column_never_overlap(populations, crowded):
    check_texts(populations, crowded, 2, ONE_COLUMN)


def check_texts(populations, crowded, n_targets, width):
    targets = list(TARGETS)[::-1][:n_targets]
    figure = perturbation_map({target: hat(populations) for target in targets}, populations, **RUN, width=width)
    assert not crowded(figure)
    assert len(figure.axes) == 2 * n_targets
    assert figure.get_size_inches()[1] < 240 / 25.4, "a page"
    values = {target: np.linspace(1, 2, populations.total) for target in targets}
    figure = effective_parameters(values, values, populations, width=width)
    assert not crowded(figure)
    assert figure.get_size_inches()[1] < 240 / 25.4


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_can_be_saved(default, saved, kind):
    assert len(saved(perturbation_map({"rate": hat(default)}, default, **RUN), kind)) > 1000
    assert len(saved(effective_parameters({"rate": np.ones(38)}, {"rate": np.ones(38)}, default), kind)) > 1000


def test_parameters_before_and_after(populations):
    rng = np.random.default_rng(1)
    before, after = rng.normal(size=(2, populations.total))
    axes = effective_parameters({"threshold": before}, {"threshold": after}, populations).axes[0]
    inhabited = np.flatnonzero(populations.sizes)
    joins, markers = axes.collections
    (open_markers,) = axes.lines
    places = np.asarray(open_markers.get_xdata())
    assert np.array_equal(open_markers.get_ydata(), before[inhabited])
    assert open_markers.get_markerfacecolor() == "none"
    assert np.allclose(markers.get_offsets(), np.column_stack([places, after[inhabited]]))
    colours = np.array(population_colours(populations))[inhabited]
    assert [to_hex(colour).upper() for colour in markers.get_facecolors()][: len(places)] == list(colours)
    for segment, a, x in zip(joins.get_segments(), inhabited, places, strict=True):
        assert np.allclose(segment, [[x, before[a]], [x, after[a]]])
    assert (np.diff(places) > 0).all()


def test_parameters_say_what_they_show(default):
    ones = {"rate": np.ones(38)}
    figure = effective_parameters(ones, ones, default)
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("population", "external rate (Hz)")
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["unperturbed", "perturbed"]
    assert {"E0", "E background", "I0", "I background"} <= {t.get_text() for t in axes.get_xticklabels()}


def test_every_parameter_has_a_name(default):
    ones = dict.fromkeys(TARGETS, np.ones(38))
    names = [axes.get_title(loc="left") for axes in effective_parameters(ones, ones, default).axes]
    assert len(set(names)) == len(TARGETS)
    assert "factor of weights received" in names
    assert "membrane time constant (s)" in names
    assert "threshold (threshold units)" in names


def test_bad_arguments(default):
    with pytest.raises(ValueError, match="expected at least one of rate"):
        perturbation_map({}, default, **RUN)
    with pytest.raises(ValueError, match="speed cannot be perturbed; expected one of rate"):
        perturbation_map({"speed": hat(default)}, default, **RUN)
    with pytest.raises(ValueError, match=r"rate: shape \(4,\) found; expected \(38,\)"):
        perturbation_map({"rate": Course([0], np.zeros((1, 4)))}, default, **RUN)
    with pytest.raises(ValueError, match=r"shape \(2, 38\) found"):
        effective_parameters({"rate": np.ones((2, 38))}, {"rate": np.ones(38)}, default)
    with pytest.raises(ValueError, match=r"targets of after: .*threshold.* found; expected those of before, rate"):
        effective_parameters({"rate": np.ones(38)}, {"threshold": np.ones(38)}, default)
