"""Laws of all functions that draw: in a new figure, which shows itself, or in given axes."""

from __future__ import annotations

import inspect
import io

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from neuro_mod import plotting
from neuro_mod.errors import InputError
from neuro_mod.plotting import style
from tests.helpers.drawn import analysis, control, mean_field, network, sweep

CASES = network.CASES | analysis.CASES | mean_field.CASES | control.CASES | sweep.CASES
LAYOUTS = ("constrained", "tight", None)
DRAWING = set(plotting.__all__) - {"in_style"}


def test_every_function_has_a_case():
    assert {name.split(" ")[0] for name in CASES} == DRAWING


@pytest.mark.parametrize("name", sorted(DRAWING))
def test_options(name):
    parameters = inspect.signature(getattr(plotting, name)).parameters
    for option in ("ax", "width"):
        assert parameters[option].kind is inspect.Parameter.KEYWORD_ONLY and parameters[option].default is None


@pytest.mark.parametrize("name", CASES)
def test_a_new_figure_is_as_wide_as_a_column(name):
    figure = CASES[name](width=style.ONE_COLUMN)
    assert isinstance(figure, style.Figure)
    assert figure.get_figwidth() == pytest.approx(style.ONE_COLUMN)


@pytest.mark.parametrize(("name", "layout"), [(name, LAYOUTS[k % 3]) for k, name in enumerate(CASES)])
def test_drawn_in_axes_beside_others(name, layout):
    """Everything lies in the figure, and nothing where the other axes are."""
    figure = Figure(figsize=(style.TWO_COLUMNS, 3.5), layout=layout)
    FigureCanvasAgg(figure)
    ax, other = figure.subplots(1, 2)
    other.plot([0, 1], [0, 1])
    n_artists = len(other.get_children())
    assert CASES[name](ax=ax) is figure
    assert len(other.get_children()) == n_artists and other in figure.axes
    figure.draw_without_rendering()
    occupied, room = other.get_tightbbox(), figure.bbox
    assert occupied.width > 0.2 * room.width
    mine = [axes for axes in figure.findobj(Axes) if axes is not other]
    mine += [artist for part in figure.subfigs for artist in (*part.legends, *part.texts)]
    assert mine
    for artist in mine:
        box = artist.get_tightbbox(figure.canvas.get_renderer())
        assert not box.overlaps(occupied), artist
        assert room.x0 - 1 <= box.x0 and box.x1 <= room.x1 + 1 and room.y0 - 1 <= box.y0 and box.y1 <= room.y1 + 1, (
            artist
        )


@pytest.mark.parametrize("name", ["cluster_rate_map", "phase_plane", "transition_map", "bifurcation_diagram"])
@pytest.mark.parametrize("in_grid", [True, False])
def test_drawn_twice_there_is_one_colour_bar(name, in_grid):
    figure = Figure(figsize=(style.TWO_COLUMNS, 3.5))
    ax = figure.subplots() if in_grid else figure.add_axes((0.1, 0.1, 0.8, 0.8))
    widths = []
    for _ in range(2):
        CASES[name](ax=ax)
        figure.draw_without_rendering()
        widths.append(ax.get_position().width)
    bars = {axes for axes in figure.findobj(Axes) if axes.get_label() == "<colorbar>"} | {*ax.child_axes}
    assert len(bars) == 1 + (name == "transition_map")  # which has numbers beside it, too
    assert in_grid or widths[0] == pytest.approx(widths[1])


def test_a_figure_shows_itself():
    picture, size = CASES["raster"]()._repr_png_()
    pixels = np.asarray(Image.open(io.BytesIO(picture)))
    assert pixels.shape[1] == pytest.approx(2 * size["width"], abs=2)
    assert size["width"] == pytest.approx(style.ONE_AND_A_HALF_COLUMNS * 96, abs=1)


def test_figures_for_talks_are_smaller_and_shown_larger():
    with plotting.in_style("talk"):
        figure = CASES["raster"]()
    assert figure.get_figwidth() == pytest.approx(style.ONE_COLUMN)
    assert figure._repr_png_()[1]["width"] == pytest.approx(1.6 * style.ONE_COLUMN * 96, abs=1)
    with (
        pytest.raises(InputError, match='style: "poster" found; expected one of paper, talk'),
        plotting.in_style("poster"),
    ):
        pass


def test_panels_need_the_place_of_subplots():
    figure = Figure()
    with pytest.raises(InputError, match="ax: axes at a place of their own found"):
        CASES["voltage_trace"](ax=figure.add_axes((0.1, 0.1, 0.8, 0.8)))
