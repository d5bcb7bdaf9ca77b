"""How far colours are apart for eyes of different kinds."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from matplotlib.colors import to_rgb

# Viénot, Brettel & Mollon 1999 (linear RGB): what a protanope and a deuteranope see.
PROTANOPE = np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]])
DEUTERANOPE = np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]])


def lab(rgb):
    """CIELAB of linear RGB."""
    xyz = np.clip(rgb, 0, 1) @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
    x, y, z = np.cbrt(xyz / [0.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def seen_distances(colours, vision):
    """Distance in CIELAB of each pair; 2.3 is just noticeable (Mahy et al. 1994)."""
    seen = [lab(vision @ np.array(to_rgb(colour)) ** 2.2) for colour in colours]
    return np.array([np.linalg.norm(a - b) for a, b in combinations(seen, 2)])
