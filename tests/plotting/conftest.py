from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from neuro_mod.populations import Populations
from neuro_mod.recordings.spikes import SpikeEvents

DELTA_T = 0.5e-3

LAYOUTS = {
    "default": Populations(18, (80, 20), (160, 40)),
    "no clusters": Populations(0, (0, 0), (80, 20)),
    "E clusters only": Populations(2, (80, 0), (480, 160)),
    "one cluster, no background": Populations(1, (4, 2), (0, 0)),
    "no neurons": Populations(3, (0, 0), (0, 0)),
}


@pytest.fixture(params=LAYOUTS, ids=lambda name: name.replace(" ", "_"))
def populations(request):
    return LAYOUTS[request.param]


@pytest.fixture
def default():
    return LAYOUTS["default"]


@pytest.fixture
def make_spikes():
    def make(populations: Populations, n_spikes: int, n_steps: int = 2000) -> SpikeEvents:
        rng = np.random.default_rng(1)
        n_spikes = n_spikes if populations.n_neurons and n_steps else 0
        steps = np.sort(rng.integers(0, max(n_steps, 1), n_spikes)).astype(np.int32)
        neurons = rng.integers(0, max(populations.n_neurons, 1), n_spikes).astype(np.int32)
        return SpikeEvents(steps, neurons, n_steps, populations.n_neurons, DELTA_T)

    return make


@pytest.fixture
def crowded():
    """Pairs of texts that overlap in a figure, of all that are drawn."""

    def overlaps(figure: Figure) -> list[tuple[str, str]]:
        figure.draw_without_rendering()
        hidden = {label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in out_of_view(axis)}
        texts = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and t not in hidden]
        ends = np.sort(np.array([t.get_window_extent().get_points() for t in texts]).reshape(-1, 2, 2), axis=1)
        apart = (ends[:, None, 1] < ends[None, :, 0]).any(axis=-1)  # along an axis, one ends before the other begins
        pairs = np.argwhere(np.triu(~(apart | apart.T), 1))
        return [(texts[a].get_text(), texts[b].get_text()) for a, b in pairs]

    def out_of_view(axis) -> list[Text]:
        low, high = sorted(axis.get_view_interval())
        ticks = axis.get_major_ticks()
        room = 1e-9 * (high - low)
        return [label for t in ticks if not low - room <= t.get_loc() <= high + room for label in (t.label1, t.label2)]

    return overlaps


@pytest.fixture
def cut_off():
    """Texts of a figure that was drawn that do not lie within it."""

    def outside(figure: Figure) -> list[str]:
        box = figure.bbox
        shown = [t for axes in figure.axes for t in (axes.xaxis.label, axes.yaxis.label, axes.title, *axes.texts)]
        shown += [t for each in (*figure.legends, *(a.get_legend() for a in figure.axes)) if each for t in each.texts]
        extents = [(t.get_text(), t.get_window_extent()) for t in shown if t.get_text()]
        return [
            text for text, e in extents if not (box.x0 <= e.x0 and e.x1 <= box.x1 and box.y0 <= e.y0 and e.y1 <= box.y1)
        ]

    return outside


@pytest.fixture
def saved():
    def save(figure: Figure, kind: str = "png") -> bytes:
        stream = io.BytesIO()
        figure.savefig(stream, format=kind)
        return stream.getvalue()

    return save
