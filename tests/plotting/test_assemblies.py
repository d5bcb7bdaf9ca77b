from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.errors import InputError
from neuro_mod.plotting.analysis.assemblies import assembly_figure
from neuro_mod.plotting.style import ONE_COLUMN, TWO_COLUMNS

LABELS = np.array([1, 0, -1, 1, 0, 0])
CORRELATIONS = np.where(LABELS[:, None] == LABELS, 0.5, -0.1) + 0.5 * np.eye(6)


def figure_of(
    correlations=CORRELATIONS, labels=LABELS, eigenvalues=(3.0, 2.0, 0.5, 0.3, 0.1, 0.1), bound=1.5, **options
):
    return assembly_figure(correlations, labels, np.array(eigenvalues), bound, **options)


def test_neurons_are_ordered_by_assembly():
    matrix, spectrum, bar = figure_of().axes
    (image,) = matrix.images
    shown = image.get_array()
    expected = CORRELATIONS[np.ix_([1, 4, 5, 0, 3, 2], [1, 4, 5, 0, 3, 2])]
    np.testing.assert_array_equal(shown.mask, np.eye(6, dtype=bool))
    np.testing.assert_array_equal(shown[~shown.mask], expected[~np.eye(6, dtype=bool)])
    assert [(each.get_xy()[0], each.get_width()) for each in matrix.patches] == [(-0.5, 3), (2.5, 2)]
    assert [label.get_text() for label in matrix.get_yticklabels()] == ["0", "1", "none"]
    above, below = (line.get_ydata().tolist() for line in spectrum.lines[:2])
    assert (above, below) == ([3.0, 2.0], [0.5, 0.3, 0.1, 0.1])
    assert spectrum.lines[2].get_ydata()[0] == 1.5 and spectrum.get_yscale() == "log"
    assert bar.get_ylabel() == "count correlation"


def test_the_bound_is_named_where_there_are_no_points():
    few, all_shown = figure_of(), figure_of(eigenvalues=(3.0, 2.0), bound=1.5)
    for figure, side, place in ((few, "right", "bottom"), (all_shown, "left", "top")):
        (name,) = figure.axes[1].texts
        assert (name.get_horizontalalignment(), name.get_verticalalignment()) == (side, place)


def test_many_neurons_are_averaged_and_unknown_ones_left_out():
    labels = np.repeat([0, 1], 600)
    correlations = np.where(labels[:, None] == labels, 0.4, 0.0)
    correlations[7] = correlations[:, 7] = np.nan
    shown = figure_of(correlations, labels).axes[0].images[0].get_array()
    assert shown.shape == (400, 400)
    np.testing.assert_allclose(shown[:200, :200], 0.4)
    np.testing.assert_allclose(shown[:200, 200:], 0)


@pytest.mark.parametrize("width", [ONE_COLUMN, pytest.param(TWO_COLUMNS, marks=pytest.mark.slow)])
@pytest.mark.parametrize("n_assemblies", [0, 1, 18, 60])
def test_texts_never_overlap(crowded, cut_off, n_assemblies, width):
    labels = np.append(np.repeat(np.arange(n_assemblies), 10), np.full(40, -1))
    eigenvalues = np.append(np.full(n_assemblies, 30.0), np.linspace(2, 0.5, len(labels) - n_assemblies))
    figure = figure_of(np.eye(len(labels)) * 0.5, labels, eigenvalues, 2.5, width=width)
    assert not crowded(figure)
    assert not cut_off(figure)


def test_refusals_and_nothing_known():
    with pytest.raises(InputError, match="correlations"):
        figure_of(labels=LABELS[1:])
    figure = figure_of(np.full((6, 6), np.nan), np.full(6, -1), (), np.nan)
    assert figure.axes[0].images[0].get_array().mask.all() and len(figure.axes[1].lines) == 2
