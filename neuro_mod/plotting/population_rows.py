"""Places and names of the populations along an axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from neuro_mod.plotting.style import FRAME_COLOUR, LINE_WIDTH, TICK_SIZE, in_words, population_groups
from neuro_mod.populations import Populations

#: Heights of the rows of E clusters, E background, I clusters and I background in a map.
MAP_HEIGHTS = {"E clusters": 1.0, "E background": 0.8, "I clusters": 0.6, "I background": 0.8}
#: Room of each population where it is a point.
EVEN_HEIGHTS = dict.fromkeys(MAP_HEIGHTS, 1.0)

#: Between groups, in rows of E clusters.
_GAP = 0.8
#: So many rows have one row more in a wide gap.
_ROWS_OF_A_GAP = 20
#: Least distance of two names, in parts of their size: in steps of a group, and between groups.
_STEP, _MIN = 1.15, 1.0


@dataclass(frozen=True, eq=False)
class PopulationRows:
    """Rows of populations below each other (or columns from left to right), with gaps between the groups.

    Args:
        names: Name of each population, with blanks for underscores.
        groups: The groups that hold neurons, as ``population_groups`` gives them.
        heights: Height of a row in each group.
        tops: Beginning of each population's row, shape ``(P,)``; 0 where it is not drawn.
        bottoms: End of each population's row, shape ``(P,)``; 0 where it is not drawn.
    """

    names: tuple[str, ...]
    groups: list[tuple[str, slice]]
    heights: Mapping[str, float]
    tops: NDArray[np.float64]
    bottoms: NDArray[np.float64]

    @property
    def end(self) -> float:
        """End of the last row; the height of one row if there is none."""
        return float(self.bottoms.max(initial=0.0)) or self.heights["E background"]

    @property
    def middles(self) -> NDArray[np.float64]:
        """Middle of each population's row, shape ``(P,)``."""
        return (self.tops + self.bottoms) / 2

    @property
    def drawn(self) -> NDArray[np.int64]:
        """Indices of the populations that have neurons."""
        return np.concatenate([np.empty(0, np.int64), *(np.arange(m.start, m.stop) for _, m in self.groups)])

    def edges(self, members: slice) -> NDArray[np.float64]:
        """Borders of the rows of a group of n populations, shape ``(n + 1,)``."""
        return np.append(self.tops[members], self.bottoms[members.stop - 1])

    def frame(self, axes: Axes, span: tuple[float, float], *, across: bool = False) -> None:
        """Draw a thin border around the rows of each group.

        Args:
            axes: The axes, with populations along y.
            span: What the rows go from and to, on the other axis.
            across: Whether populations are along x instead.
        """
        for _, members in self.groups:
            first, last = float(self.tops[members.start]), float(self.bottoms[members.stop - 1])
            place, size = (span[0], first), (span[1] - span[0], last - first)
            if across:
                place, size = (first, span[0]), (last - first, span[1] - span[0])
            axes.add_patch(
                Rectangle(
                    place,
                    *size,
                    fill=False,
                    edgecolor=FRAME_COLOUR,
                    linewidth=LINE_WIDTH,
                    clip_on=False,
                )
            )

    def name_on(self, axis: Axis, points: float) -> None:
        """Name populations on an axis of this length in points: as many as do not overlap, 1 in 1, 2, 5, 10 ...

        Of E and of I clusters, the same ones are named.
        """
        ticked = self._ticked(points / self.end)
        axis.set_ticks(self.middles[ticked].tolist(), [self.names[a] for a in ticked])

    def _ticked(self, points_per_row: float) -> list[int]:
        """Of names that would overlap, the very first goes before backgrounds, these before clusters."""
        rows = [
            self.heights[name] * points_per_row for name, members in self.groups if members.stop - members.start > 1
        ]
        steps = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
        every = next((n for n in steps if n * min(rows, default=np.inf) >= _STEP * TICK_SIZE), steps[-1])
        wanted: list[tuple[bool, int]] = []
        for name, members in self.groups:
            wanted += [("clusters" in name and len(wanted) > 0, a) for a in range(members.start, members.stop, every)]
        in_turn = [a for _, a in sorted(wanted)]
        return sorted(in_turn[i] for i in spaced(self.middles[in_turn] * points_per_row))


def spaced(places: NDArray[np.floating], least: float = _MIN * TICK_SIZE) -> list[int]:
    """Indices of the places, in points, with at least this distance to all kept before them."""
    kept: list[int] = []
    for i, place in enumerate(places):
        if (np.abs(places[kept] - place) >= least).all():
            kept.append(i)
    return kept


def wide_gap(populations: Populations) -> float:
    """A gap between groups, in rows, in which the names at its two sides have room where rows are thin."""
    return max(_GAP, int(np.count_nonzero(populations.sizes)) / _ROWS_OF_A_GAP)


def population_rows(
    populations: Populations,
    heights: Mapping[str, float] = MAP_HEIGHTS,
    *,
    gap: float = _GAP,
    shown: NDArray[np.bool_] | None = None,
) -> PopulationRows:
    """Place the populations that have neurons: E clusters, E background, I clusters, I background.

    Args:
        populations: Layout of the network.
        heights: Height of a row in each group.
        gap: Between groups, in rows of height 1.
        shown: Populations to show, shape ``(P,)``, with those of their group that lie between them; all if None.
    """
    groups = population_groups(populations)
    if shown is not None:
        inside = [(name, members.start + np.flatnonzero(shown[members])) for name, members in groups]
        groups = [(name, slice(int(each[0]), int(each[-1]) + 1)) for name, each in inside if len(each)]
    tops, bottoms = np.zeros(populations.total), np.zeros(populations.total)
    y = 0.0
    for name, members in groups:
        n = members.stop - members.start
        tops[members] = y + heights[name] * np.arange(n)
        bottoms[members] = tops[members] + heights[name]
        y += heights[name] * n + gap
    return PopulationRows(tuple(map(in_words, populations.names)), groups, heights, tops, bottoms)
