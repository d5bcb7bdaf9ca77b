"""Blocks of trials, which the jackknife leaves out in turn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: How many blocks there are, at least, if trials are long enough to be cut into them.
MIN_BLOCKS = 40
#: Length of a block, at least, in longest windows: what reaches over its edges is then small.
_LEAST_LENGTH = 4


def block_edges(lengths: Sequence[int], longest: int, least: int = MIN_BLOCKS) -> list[NDArray[np.int64]]:
    """Where the blocks of each trial begin and end.

    A block is a trial. Only if there are fewer trials than `least`, each is cut in time, into blocks that are longer
    than the longest window.

    Args:
        lengths: Bins of each trial.
        longest: Bins of the longest window.
        least: Number of blocks that is aimed at.

    Returns:
        For each trial the edges of its blocks in bins, from 0 to its length.
    """
    wanted = -(-least // max(1, len(lengths)))
    return [
        np.linspace(0, n, max(1, min(wanted, n // (_LEAST_LENGTH * longest))) + 1).round().astype(np.int64)
        for n in lengths
    ]
