from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from matplotlib.collections import QuadMesh

from neuro_mod.execution.sweep.measures import column_label
from neuro_mod.plotting.style import DPI, ONE_COLUMN, TWO_COLUMNS
from neuro_mod.plotting.sweep.sweep_figure import sweep_figure
from neuro_mod.plotting.sweep.sweep_lines import GROUP_COLOURS, over_repeats, sweep_lines
from neuro_mod.plotting.sweep.sweep_maps import cells
from neuro_mod.plotting.sweep.sweep_panels import SweptParameter

SLOW = pytest.mark.slow
RATE = "external_currents.nu_ext_baseline[0] (Hz)"
LABELS = [
    "rate of E clusters (Hz)",
    "rate of E background (Hz)",
    "rate of I clusters (Hz)",
    "rate of I background (Hz)",
    "E clusters above 15 Hz",
    "mean lifespan, Kaplan-Meier (s)",
]
LONG = tuple(f"[{k}, 1.5, 1.5, {k}]" for k in range(12))
RANGES = {
    "linear": SweptParameter("arousal.level", np.linspace(0, 1, 12)),
    "small": SweptParameter("init_params.tau_membrane (s)", np.linspace(0.012, 0.0255, 12)),
    "one decade": SweptParameter(RATE, np.geomspace(1, 10, 12), (), True),
    "less": SweptParameter(RATE, np.geomspace(6, 9, 12), (), True),
    "many decades": SweptParameter(RATE, np.geomspace(1e-6, 1e6, 12), (), True),
    "falling": SweptParameter(RATE, np.geomspace(10, 1, 12), (), True),
    "two categories": SweptParameter("init_params.mechanism", np.repeat([0.0, 1.0], 6), ("analytic", "euler")),
    "long categories": SweptParameter("architecture.clusters.j_potentiated", np.arange(12.0), LONG),
    "one value": SweptParameter("arousal.level", np.zeros(12)),
}
X = np.repeat([0.0, 0.5, 1.0], 4)
VALUES = np.array([1, 2, 3, 6, np.nan, 4, 8, np.nan, np.nan, np.nan, np.nan, 5.0])


def grid(x, y, **logarithmic):
    xs, ys = np.array(list(product(x, y))).T
    return SweptParameter("arousal.level", xs), SweptParameter(RATE, ys, **logarithmic)


def measures(n, rows):
    rng = np.random.default_rng(1)
    return {label: k * 10.0 + rng.random(rows) for k, label in enumerate(LABELS[:n])}


def test_mean_and_standard_error_over_repeats():
    """By hand: of 1, 2, 3, 6 the variance is 14/3, of 4, 8 it is 8."""
    x, mean, error, n = over_repeats(X, VALUES)
    assert x.tolist() == [0, 0.5, 1] and mean.tolist() == [3, 6, 5] and n.tolist() == [4, 2, 1]
    assert np.allclose(error, [np.sqrt(14 / 3 / 4), 2, np.nan], equal_nan=True)
    order = np.random.default_rng(1).permutation(len(X))
    for one, other in zip(over_repeats(X, VALUES), over_repeats(X[order], VALUES[order]), strict=True):
        assert np.allclose(one, other, equal_nan=True)


def test_a_line_of_means_with_a_band_of_standard_errors():
    figure = sweep_figure([SweptParameter("arousal.level", X)], {"a": VALUES})
    (axes,) = figure.axes
    (line,) = axes.lines
    (band,) = axes.collections
    assert line.get_xydata().tolist() == [[0, 3], [0.5, 6], [1, 5]]
    corners = {tuple(corner) for corner in np.round(band.get_paths()[0].vertices, 9).tolist()}
    error = round(float(np.sqrt(14 / 3 / 4)), 9)
    assert {(0, round(3 - error, 9)), (0, round(3 + error, 9)), (0.5, 4), (0.5, 8), (1, 5)} <= corners
    assert [text.get_text() for text in figure.legends[0].texts] == ["mean", "± standard error over up to 4 repeats"]
    assert (axes.get_xlabel(), axes.get_ylabel(), figure.dpi) == ("arousal.level", "a", DPI)


def test_without_repeats_there_is_no_band():
    figure = sweep_figure([SweptParameter("arousal.level", np.arange(3.0))], {"a": [1.0, 2.0, 3.0]})
    assert [text.get_text() for text in figure.legends[0].texts] == ["one run at each value"]
    lows, highs = (extreme(figure.axes[0].collections[0].get_paths()[0].vertices[:, 1]) for extreme in (min, max))
    assert (lows, highs) == (1, 3)


@pytest.mark.parametrize("logarithmic", [False, True])
def test_a_measure_without_any_value_says_so(logarithmic):
    parameter = SweptParameter(RATE, np.array([0.01, 1, 100]), (), logarithmic)
    figure = sweep_figure([parameter], {"a": [1.0, 2.0, 3.0], "b": [np.nan] * 3})
    figure.draw_without_rendering()
    known, unknown = figure.axes
    assert ([t.get_text() for t in known.texts], [t.get_text() for t in unknown.texts]) == ([], ["no value"])
    assert np.allclose(known.get_xlim(), unknown.get_xlim()) and not list(unknown.get_yticks())


def test_categories_are_not_joined():
    parameter = SweptParameter("init_params.mechanism", np.repeat([0.0, 1.0], 2), ("analytic", "euler"))
    figure = sweep_figure([parameter], {"a": [1.0, 3.0, 5.0, 5.0]})
    (axes,) = figure.axes
    figure.draw_without_rendering()
    assert axes.lines[0].get_linestyle() == "None" and figure.legends[0].get_lines()[0].get_linestyle() == "None"
    assert [text.get_text() for text in axes.get_xticklabels()] == ["analytic", "euler"]
    assert [(bar.get_y(), bar.get_height()) for bar in axes.patches] == [(1, 2), (5, 0)]


def test_each_group_has_a_line_in_its_colour():
    level = SweptParameter("arousal.level", np.tile(np.repeat([0.0, 1.0], 2), 2))
    groups = SweptParameter("condition", np.repeat([0.0, 1.0], 4), ("none", "tone"))
    values = [1.0, 3.0, 5.0, 5.0, 2.0, 2.0, 8.0, 4.0]
    figure = sweep_figure([level], {"a": values}, noun="networks", groups=groups)
    (axes,) = figure.axes
    assert [line.get_ydata().tolist() for line in axes.lines] == [[2, 5], [2, 6]]
    assert [line.get_color() for line in axes.lines] == list(GROUP_COLOURS[:2])
    texts = {text.get_text() for text in figure.legends[0].texts}
    assert texts == {"none", "tone", "± standard error over 2 networks"}


@pytest.mark.parametrize(
    ("parameters", "n_groups", "kind"),
    [
        (["linear"], 2, "lines"),
        (["linear"], 6, "lines"),
        (["linear"], 12, "maps"),
        (["two categories"], 2, "maps"),
        ([], 6, "lines"),
        (["linear", "less"], 2, "points"),
    ],
)
def test_groups_that_cannot_be_told_apart_by_colour_are_an_axis(crowded, parameters, n_groups, kind):
    names = tuple(f"condition {k}" for k in range(n_groups))
    groups = SweptParameter("condition", np.arange(12.0) % n_groups, names)
    figure = sweep_figure([RANGES[name] for name in parameters], measures(3, 12), groups=groups)
    axes = figure.axes[0]
    found = "maps" if any(map(is_mesh, axes.collections)) else "lines" if figure.legends else "points"
    assert found == kind
    assert not crowded(figure)


def is_mesh(collection):
    return isinstance(collection, QuadMesh)


def test_cells_end_halfway_between_neighbours_and_where_values_end():
    x, y = grid([0, 1, 4], [1, 100], logarithmic=True)
    edges_x, edges_y, means = cells(x, y, np.arange(6.0))
    assert edges_x.tolist() == [0, 0.5, 2.5, 4]
    assert np.allclose(edges_y, [1, 10, 100])
    assert means.tolist() == [[0, 2, 4], [1, 3, 5]]


def test_ticks_are_at_sampled_values():
    figure = sweep_figure([SweptParameter("arousal level", X)], {"a": VALUES})
    assert figure.axes[0].get_xticks().tolist() == [0, 0.5, 1]
    x, y = grid([0, 0.1, 0.4], [1, 7, 100], logarithmic=True)
    axes = sweep_figure([x, y], {"a": np.arange(9.0)}).axes[0]
    figure.draw_without_rendering()
    assert (axes.get_xticks().tolist(), axes.get_yticks().tolist()) == ([0, 0.1, 0.4], [1, 7, 100])
    assert [text.get_text() for text in axes.get_yticklabels()] == ["1", "7", "100"]


def test_the_first_measure_is_larger():
    for parameters in ([RANGES["linear"]], list(grid([0, 1, 2], [1, 2, 3, 4]))):
        figure = sweep_figure(parameters, measures(3, 12))
        figure.draw_without_rendering()
        first, second, third = (axes.bbox for axes in figure.axes[:3])
        assert first.width > 1.5 * second.width and first.height > 1.5 * third.height


def test_cells_are_means_and_missing_ones_have_no_value():
    x, y = grid([0, 1], [5, 6])
    twice = [SweptParameter(each.label, np.repeat(each.values, 2)) for each in (x, y)]
    *_, means = cells(*twice, np.array([1, 3, 5, np.nan, np.nan, np.nan, 2, 2.0]))
    assert np.array_equal(means, [[2, np.nan], [5, 2]], equal_nan=True)
    figure = sweep_figure(twice, {"a": np.arange(8.0)})
    assert figure.get_supxlabel() == "means over repeats"
    assert not sweep_figure([x, y], {"a": np.arange(4.0)}).get_supxlabel()


@pytest.mark.parametrize("values", [[1.0, 2, 3, 4, 5, 6], [np.nan, 2, 3, 4, 5, np.nan], [np.nan] * 6, [2.0] * 6])
def test_a_map_for_each_measure_with_its_own_colours(values):
    x, y = grid([0, 1, 4], [1, 100], logarithmic=True)
    figure = sweep_figure([x, y], {"a (Hz)": values, "b": np.arange(6.0)})
    figure.draw_without_rendering()
    first, second, *bars = figure.axes
    assert first.get_yscale() == "log" and first.get_xscale() == "linear"
    (mesh,) = [each for each in first.collections if isinstance(each, QuadMesh)]
    shown = np.ma.filled(mesh.get_array(), np.nan)
    assert np.array_equal(shown, np.reshape(values, (3, 2)).T, equal_nan=True)
    assert first.patches[0].get_hatch() and second.get_xlabel() == "arousal.level"
    assert [bar.get_ylabel() for bar in bars] == ["a (Hz)", "b"]
    assert bool(len(bars[0].get_yticks())) == bool(np.isfinite(values).any())


def test_points_of_single_runs():
    rng = np.random.default_rng(1)
    parameters = [SweptParameter("a", rng.random(9)), SweptParameter("b", 10 ** rng.random(9), (), True)]
    values = {"m": rng.random(9), "n": np.full(9, np.nan)}
    figure = sweep_figure(parameters, values, is_grid=False)
    figure.draw_without_rendering()
    for axes, (label, parameter) in zip(figure.axes, product(values, parameters), strict=True):
        assert np.array_equal(axes.lines[0].get_xdata(), parameter.values)
        assert np.array_equal(axes.lines[0].get_ydata(), values[label], equal_nan=True)
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "", "a", "b"]
    assert [axes.get_ylabel() for axes in figure.axes] == ["m", "", "n", ""]
    assert [text.get_text() for text in figure.axes[2].texts] == ["no value"]


@pytest.mark.parametrize(
    ("n_parameters", "is_grid", "kind"),
    [(1, True, "lines"), (2, True, "maps"), (3, True, "points"), (1, False, "points"), (2, False, "points")],
)
def test_the_picture_suits_the_number_of_parameters(n_parameters, is_grid, kind):
    places = np.array(list(product([0.0, 1], repeat=n_parameters))).T
    parameters = [SweptParameter(f"p{k}", each) for k, each in enumerate(places)]
    figure = sweep_figure(parameters, {"a": np.arange(2.0**n_parameters)}, is_grid=is_grid)
    found = "maps" if figure.axes[0].patches else "lines" if figure.axes[0].collections else "points"
    assert found == kind


@pytest.mark.parametrize("n", [pytest.param(1, marks=SLOW), pytest.param(3, marks=SLOW), 6])
@pytest.mark.parametrize("parameter", RANGES.values(), ids=RANGES)
def test_texts_of_lines_never_overlap(crowded, cut_off, parameter, n):
    figure = sweep_figure([parameter], measures(n, 12))
    assert not crowded(figure)
    assert not cut_off(figure)
    for axes in figure.axes:
        low, high = sorted(axes.get_xlim())
        assert sum(low <= tick <= high for tick in axes.get_xticks()) >= 1


@pytest.mark.parametrize(
    "columns",
    [
        ("mean_lifespan_kaplan_meier_sec", "time_reassigned"),
        ("mean_activation_kaplan_meier_sec", "activation_rate_hz"),
        ("mean_interval_kaplan_meier_sec", "interval_cv"),
    ],
)
def test_labels_of_durations_have_room(crowded, columns):
    potentiation = SweptParameter("potentiation of E→E weights", X)
    assert not crowded(sweep_figure([potentiation], {column_label(each): VALUES for each in columns}))


@pytest.mark.parametrize("n", [1, pytest.param(2, marks=SLOW), 6])
@pytest.mark.parametrize("pair", [("linear", "one decade"), ("many decades", "small"), ("two categories", "less")])
def test_texts_of_maps_never_overlap(crowded, cut_off, pair, n):
    x, y = (RANGES[name] for name in pair)
    xs, ys = np.meshgrid(np.unique(x.values), np.unique(y.values))
    x, y = (
        SweptParameter(p.label, values.ravel(), p.categories, p.logarithmic)
        for p, values in zip((x, y), (xs, ys), strict=True)
    )
    figure = sweep_figure([x, y], measures(n, xs.size))
    assert not crowded(figure)
    assert not cut_off(figure)


@pytest.mark.parametrize(
    ("n_parameters", "n"),
    [(1, 1), (3, 6), *(pytest.param(*pair, marks=SLOW) for pair in [(1, 6), (2, 1), (2, 6), (3, 1), (6, 1), (6, 6)])],
)
def test_texts_of_points_never_overlap(crowded, cut_off, n_parameters, n):
    figure = sweep_figure(list(RANGES.values())[:n_parameters], measures(n, 12), is_grid=False)
    assert not crowded(figure)
    assert not cut_off(figure)


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_pictures_fit_the_columns_of_a_page(n):
    widths = []
    for parameters, is_grid in (([RANGES["linear"]], True), ([RANGES["linear"], RANGES["less"]], False)):
        widths.append(sweep_figure(parameters, measures(n, 12), is_grid=is_grid).get_figwidth())
    assert all(ONE_COLUMN - 1e-9 <= width <= TWO_COLUMNS + 1e-9 for width in widths)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_can_be_saved(saved, kind):
    for parameters in ([RANGES["linear"]], list(grid([0, 1, 2], [1, 2, 3, 4])), list(RANGES.values())[:3]):
        assert len(saved(sweep_figure(parameters, measures(2, 12)), kind)) > 1000


@pytest.mark.parametrize("draw_on", [[RANGES["linear"]], [RANGES["linear"], RANGES["less"]], list(RANGES.values())[:3]])
def test_bad_arguments(draw_on):
    with pytest.raises(ValueError, match=r"^m: shape \(3,\) found; expected \(12,\)"):
        sweep_figure(draw_on, {"m": np.zeros(3)})
    with pytest.raises(ValueError, match="no parameter, measure or row found"):
        sweep_figure(draw_on, {})
    with pytest.raises(ValueError, match="no parameter, measure or row found"):
        sweep_figure([SweptParameter(each.label, np.zeros(0)) for each in draw_on], {"m": np.zeros(0)})


@pytest.mark.parametrize("n_parameters", [1, pytest.param(5, marks=SLOW)])
@pytest.mark.parametrize(("low", "ratio"), [(7, 1.1), (3, 3), (1, 10), (0.02, 25), (3, 90), (0.1, 100), (1, 1e12)])
def test_a_logarithmic_axis_has_some_numbers(low, ratio, n_parameters):
    parameter = SweptParameter("a", np.geomspace(low, low * ratio, 5), (), True)
    figure = sweep_figure([parameter] * n_parameters, {"b": np.arange(5.0)}, is_grid=False)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    numbers = [tick for tick in axes.get_xticks() if axes.get_xlim()[0] <= tick <= axes.get_xlim()[1]]
    assert (1 if ratio < 25 else 2) <= len(numbers) <= 7


def test_ordered_groups_are_as_many_as_there_are():
    names = tuple(f"{k} active" for k in range(11))
    x = SweptParameter("arousal.level", np.tile([0.0, 0.5, 1.0], 11))
    groups = SweptParameter("", np.repeat(np.arange(11.0), 3), names)
    figure = sweep_lines(x, {"rate (Hz)": np.arange(33.0)}, "", groups, ordered=True)
    lines = figure.axes[0].get_lines()
    assert [line.get_ydata().tolist() for line in lines] == np.arange(33.0).reshape(11, 3).tolist()
    assert len({line.get_color() for line in lines}) == 11
    shown = {text.get_text() for text in figure.legends[0].get_texts()}
    assert shown == {"0 active", *(str(k) for k in range(1, 11))}
