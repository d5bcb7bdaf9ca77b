from __future__ import annotations

import io

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from neuro_mod.plotting import style
from neuro_mod.populations import Populations
from tests.helpers.colour_vision import DEUTERANOPE, PROTANOPE, lab, seen_distances
from tests.helpers.processes import run_python


@pytest.mark.parametrize("vision", [np.eye(3), PROTANOPE, DEUTERANOPE], ids=["full", "protanope", "deuteranope"])
def test_colours_of_the_kinds_are_distinct_with_any_vision(vision):
    colours = [*style.CLUSTER_COLOURS[0], *style.CLUSTER_COLOURS[1], *style.BACKGROUND_COLOURS]
    # Far above a just noticeable difference, 2.3 (Mahy et al. 1994): a dot is small.
    assert seen_distances(colours, vision).min() > 15


@pytest.mark.parametrize("vision", [np.eye(3), PROTANOPE, DEUTERANOPE], ids=["full", "protanope", "deuteranope"])
def test_signs_of_differences_are_distinct_with_any_vision(vision):
    strengths = np.array([0.25, 0.5, 1.0])
    below, zero, above = (
        [lab(vision @ np.array(colour[:3]) ** 2.2) for colour in style.DIVERGING(0.5 + sign * strengths / 2)]
        for sign in (-1, 0, 1)
    )
    for one, other in ((below, above), (below, zero), (above, zero)):
        assert min(np.linalg.norm(np.subtract(one, other), axis=1)) > 10
    assert style.DIVERGING(0.5) == (1, 1, 1, 1), "white"


def test_each_population_has_the_colour_of_its_kind(populations):
    colours = style.population_colours(populations)
    p = populations.n_clusters
    assert len(colours) == populations.total
    assert colours[:p] == [style.CLUSTER_COLOURS[0][k % 2] for k in range(p)]
    assert colours[p + 1 : -1] == [style.CLUSTER_COLOURS[1][k % 2] for k in range(p)]
    assert (colours[p], colours[-1]) == style.BACKGROUND_COLOURS


def test_groups_cover_the_neurons_and_skip_empty_populations(populations):
    groups = style.population_groups(populations)
    assert all(populations.sizes[members].sum() > 0 for _, members in groups)
    assert sum(populations.sizes[members].sum() for _, members in groups) == populations.n_neurons


def test_groups_are_named():
    names = [name for name, _ in style.population_groups(Populations(2, (3, 1), (1, 1)))]
    assert names == ["E clusters", "E background", "I clusters", "I background"]


def test_columns_are_those_of_journals():
    assert np.allclose(
        np.multiply((style.ONE_COLUMN, style.ONE_AND_A_HALF_COLUMNS, style.TWO_COLUMNS), 25.4), (85, 114, 180)
    )


def test_settings_end_with_the_block():
    before = dict(mpl.rcParams)
    with style.paper_style():
        assert mpl.rcParams["font.size"] == style.LABEL_SIZE
    assert dict(mpl.rcParams) == before


def test_no_pyplot():
    program = (
        "import sys, numpy as np\n"
        "from neuro_mod.plotting import *\n"
        "voltage_trace(np.arange(3.), np.zeros(3), 1.5, np.empty(0), 'x').savefig(__import__('io').BytesIO())\n"
        "sys.exit('matplotlib.pyplot' in sys.modules)\n"
    )
    assert run_python("-c", program).returncode == 0


@pytest.mark.parametrize("file_format", ["png", "pdf", "svg"])
def test_saving_is_savefig(file_format) -> None:
    saved, reference = io.BytesIO(), io.BytesIO()
    for file in (saved, reference):
        figure = style.new_figure(2, 2)
        figure.add_subplot().plot([1, 2])
        if file is saved:
            with style.paper_style():
                style.save_figure(figure, file, file_format)
        else:
            figure.savefig(file, format=file_format)
    assert saved.getvalue()[:4] == reference.getvalue()[:4]
    if file_format == "png":
        pixels, expected = (Image.open(file) for file in (saved, reference))
        assert pixels.tobytes() == expected.tobytes()
        assert (pixels.size, pixels.mode, pixels.info) == (expected.size, expected.mode, expected.info)


@pytest.mark.parametrize("file_format", ["png", "pdf", "svg"])
def test_the_same_figure_has_the_same_bytes(file_format, monkeypatch):
    def saved(time):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", time)  # what would be the date of the file
        file = io.BytesIO()
        with style.paper_style():
            figure = style.new_figure(2, 1)
            figure.add_subplot().plot([0, 1], marker="o", clip_on=True)
            style.save_figure(figure, file, file_format)
        return file.getvalue()

    assert saved("1") == saved("1000000000")


def test_notes_stand_below_each_other_and_the_figure_grows():
    figure, _ = style.new_axes(style.ONE_COLUMN, 2.0)
    style.write_note(figure, "")
    assert figure.get_size_inches()[1] == 2
    style.write_note(figure, "first")
    style.write_note(figure, "word " * 20)
    first, *lines = figure.get_supxlabel().split("\n")
    assert first == "first" and len(lines) > 1 and " ".join(lines).split() == ["word"] * 20
    assert figure.get_size_inches()[1] == pytest.approx(2 + (1 + len(lines)) * 9 / 72)
    figure.draw_without_rendering()
    box = figure._supxlabel.get_window_extent()
    assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
