from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_hex

from neuro_mod.plotting.analysis.state_colours import EMPTY_COLOUR, OTHER_COLOUR, STATE_COLOURS
from neuro_mod.plotting.analysis.state_raster import state_raster, state_rasters
from neuro_mod.plotting.style import ONE_COLUMN, TWO_COLUMNS
from neuro_mod.recordings.layout import cluster_layout, first_clusters
from neuro_mod.recordings.spikes import SpikeEvents
from tests.helpers.state_sequences import visits_of, walk

LABELS = np.array([7, -2, 7, 30, -2, 7])  # in rows: -2 (neurons 1, 4), 7 (0, 2, 5), 30 (3)
LAYOUT = cluster_layout(LABELS)
SPIKES = SpikeEvents(np.arange(6, dtype=np.int32), np.arange(6, dtype=np.int32), 2000, 6, 1e-3)


def dots(axes):
    found = np.concatenate([np.empty((0, 2)), *(line.get_xydata() for line in axes.lines)])
    return found[np.argsort(found[:, 0])]


def band(figure):
    (bars,) = figure.axes[0].collections
    return [
        (path.vertices[:, 0].min(), path.vertices[:, 0].max(), to_hex(colour).upper())
        for path, colour in zip(bars.get_paths(), bars.get_facecolor(), strict=True)
    ]


def test_neurons_are_ordered_by_cluster():
    axes = state_raster(SPIKES, LAYOUT, visits_of([[()]])).axes[1]
    assert dots(axes)[:, 1].tolist() == [2, 0, 3, 5, 1, 4]
    assert [(tick.get_text(), y) for tick, y in zip(axes.get_yticklabels(), axes.get_yticks(), strict=True)] == [
        ("-2", 0.5),
        ("7", 3.0),
        ("30", 5.0),
    ]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time (s)", "cluster")


def test_clusters_that_do_not_define_states_come_last_in_another_colour():
    axes = state_raster(SPIKES, LAYOUT.choosing([7, 30]), visits_of([[()]])).axes[1]
    assert dots(axes)[:, 1].tolist() == [0, 4, 1, 3, 5, 2]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["7", "30", "other"]
    by_colour = [sorted(line.get_ydata()) for line in axes.lines]
    assert by_colour == [[0, 1, 2, 3], [4, 5]]


def test_states_have_their_colour_in_the_band_and_behind_their_clusters():
    figure = state_raster(SPIKES, LAYOUT, visits_of([[(7,), (), (-2, 30), (7,)]]), t_from=0.25, t_to=1.75)
    first, second = STATE_COLOURS[:2]
    spans = [(0.25, 0.5, first), (0.5, 1.0, EMPTY_COLOUR), (1.0, 1.5, second), (1.5, 1.75, first)]
    assert band(figure) == spans  # of the same time in the window, (7,) comes before (-2, 30)
    shades = [each.get_paths()[0].get_extents().bounds for each in figure.axes[1].collections]
    assert np.allclose(shades, [(0.25, 1.5, 0.25, 3), (1, -0.5, 0.5, 2), (1, 4.5, 0.5, 1), (1.5, 1.5, 0.25, 3)])


def test_rare_states_are_grey_and_counted():
    states = [(k,) for k in range(len(STATE_COLOURS) + 3)]
    often = [state for k, state in enumerate(states) for _ in range(1 + (k < len(STATE_COLOURS)))]
    layout = cluster_layout(np.arange(len(states)))
    spikes = SpikeEvents(SPIKES.steps[:0], SPIKES.neurons[:0], 20_000, len(states), 1e-3)
    figure = state_raster(spikes, layout, visits_of([often]))
    entries = [text.get_text() for text in figure.legends[0].texts]
    assert entries == [str(k) for k in range(len(STATE_COLOURS))] + ["3 others"]
    assert [colour for *_, colour in band(figure)][-3:] == [OTHER_COLOUR] * 3


def test_given_colours_are_kept():
    figure = state_raster(SPIKES, LAYOUT, visits_of([[(7,), (-2,)]]), colours={(-2,): "#123456", (30,): "#654321"})
    assert [colour for *_, colour in band(figure)] == [OTHER_COLOUR, "#123456"]
    assert [text.get_text() for text in figure.legends[0].texts] == ["-2", "1 other"]


@pytest.mark.parametrize("sequence", [[], [()], [(7,)], [0, 1, 0], [4]], ids=str)
def test_few_visits_and_hidden_states(sequence):
    figure = state_raster(SPIKES, LAYOUT, visits_of([sequence]))
    figure.draw_without_rendering()
    assert len(band(figure)) == len(sequence)


@pytest.mark.parametrize(("n_clusters", "width"), [(1, ONE_COLUMN), (18, ONE_COLUMN), (60, TWO_COLUMNS)])
def test_texts_never_overlap(crowded, cut_off, n_clusters, width):
    layout = first_clusters(cluster_layout(np.repeat(np.arange(n_clusters + 2), 20)), n_clusters)
    spikes = SpikeEvents(SPIKES.steps[:0], SPIKES.neurons[:0], 30_000, layout.n_neurons, 1e-3)
    figure = state_raster(spikes, layout, visits_of([walk(n_clusters, 60)]), t_to=20.0, width=width)
    assert not crowded(figure)
    assert not cut_off(figure)


def test_bad_arguments():
    with pytest.raises(ValueError, match="number of sessions in visits: 2 found; expected 1"):
        state_raster(SPIKES, LAYOUT, visits_of([[()], [()]]))
    with pytest.raises(ValueError, match="number of neurons in spikes: 6 found; expected 2"):
        state_raster(SPIKES, cluster_layout([0, 1]), visits_of([[()]]))
    with pytest.raises(ValueError, match="t_from < t_to"):
        state_raster(SPIKES, LAYOUT, visits_of([[()]]), t_from=1.0, t_to=1.0)


def test_long_titles_beside_each_other_do_not_overlap():
    names = [f"condition=a long name, arousal.level=0.{k}" for k in range(4)]
    panels = {name: (SPIKES, visits_of([[()]])) for name in names}
    figure, short = state_rasters(panels, LAYOUT), state_rasters({"a": panels[names[0]]}, LAYOUT)
    for each in (figure, short):
        each.draw_without_rendering()
    titles = [band.get_title(loc="left") for band in figure.axes[:4]]
    assert [title.replace("\n", " ") for title in titles] == names
    left = [
        text for band in figure.axes[:4] for text in band.get_children() if getattr(text, "get_text", str)() in titles
    ]
    boxes = [text.get_window_extent() for text in left]
    assert len(boxes) == 4 and not any(a.overlaps(b) for a, b in itertools.pairwise(boxes))
    assert figure.axes[4].bbox.height == pytest.approx(short.axes[1].bbox.height, rel=0.05)
