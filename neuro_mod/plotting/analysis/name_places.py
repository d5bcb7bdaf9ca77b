"""Places of the names of states in a graph, where they cover neither arrows nor discs nor each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: From a disc to its name in mm, and room around names and discs.
_GAP, _ROOM = 0.7, 0.4
#: Directions from a disc to its name, in the order in which they are preferred to others that are as good.
_DIRECTIONS = ((0, -1), (0, 1), (1, 0), (-1, 0), (1, -1), (1, 1), (-1, -1), (-1, 1))
_DIAGONAL = 0.75
#: Costs of a name that leaves the width or covers another name, a disc, and each part of an arrow; of a turn.
_NAME, _DISC, _ARROW, _TURN = 1000.0, 100.0, 1.0, 0.4

_HORIZONTAL, _VERTICAL = {-1: "right", 0: "center", 1: "left"}, {-1: "top", 0: "center", 1: "bottom"}


class NamePlace(NamedTuple):
    """Where a name is anchored in mm, how it is aligned there, and its box: left, bottom, right, top in mm."""

    x: float
    y: float
    horizontal: str
    vertical: str
    box: tuple[float, float, float, float]


def name_places(
    places: NDArray[np.float64],
    diameters: NDArray[np.float64],
    sizes: NDArray[np.float64],
    arrows: NDArray[np.float64],
    preferred: Sequence[tuple[float, float]],
    room: float,
) -> list[NamePlace]:
    """Choose one of eight places around each disc for its name, one state after the other.

    Args:
        places: Middles of the discs in mm, shape ``(K, 2)``.
        diameters: Of the discs in mm, shape ``(K,)``.
        sizes: Width and height of the names in mm, shape ``(K, 2)``.
        arrows: Points along all arrows in mm, shape ``(n, 2)``.
        preferred: Direction from each disc to its name that is best where there is room.
        room: Greatest distance from the middle, in mm, from left to right.
    """
    found: list[NamePlace] = []
    for k in range(len(places)):
        choices = [_anchored(places[k], diameters[k] / 2, sizes[k], direction) for direction in _DIRECTIONS]
        costs = []
        for direction, choice in zip(_DIRECTIONS, choices, strict=True):
            left, _, right, _ = choice.box
            turn = 1 - float(np.dot(direction, preferred[k])) / float(np.hypot(*direction))
            inside = _inside(arrows, choice.box, np.zeros(1)).sum()
            discs = _inside(places, choice.box, diameters / 2).sum()
            names = sum(_overlap(choice.box, other.box) for other in found) + (left < -room) + (right > room)
            costs.append(_NAME * names + _DISC * discs + _ARROW * inside + _TURN * turn)
        found.append(choices[int(np.argmin(costs))])
    return found


def _anchored(
    place: NDArray[np.float64], radius: float, size: NDArray[np.float64], direction: tuple[int, int]
) -> NamePlace:
    across, up = direction
    reach = (radius + _GAP) * (_DIAGONAL if across and up else 1.0)
    x, y = float(place[0]) + reach * across, float(place[1]) + reach * up
    left, bottom = x + (across - 1) / 2 * float(size[0]), y + (up - 1) / 2 * float(size[1])
    box = left, bottom, left + float(size[0]), bottom + float(size[1])
    return NamePlace(x, y, _HORIZONTAL[across], _VERTICAL[up], box)


def _inside(
    points: NDArray[np.float64], box: tuple[float, float, float, float], radii: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which discs of these radii reach into a box with some room around it, roughly."""
    left, bottom, right, top = box
    beyond_x = np.maximum(np.maximum(left - points[:, 0], points[:, 0] - right), 0)
    beyond_y = np.maximum(np.maximum(bottom - points[:, 1], points[:, 1] - top), 0)
    return np.hypot(beyond_x, beyond_y) < radii + _ROOM


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    beside = one[2] + 2 * _ROOM < other[0] or other[2] + 2 * _ROOM < one[0]
    return not (beside or one[3] < other[1] or other[3] < one[1])
