"""The first-passage problem at many frequencies, cell by cell of the voltage.

Within a cell, ``(A + i w) p = in`` is solved in the eigenvectors of its part of the operator, the same for all
frequencies. The current says whether a neuron crosses a face upwards or downwards. From the lowest cell upwards, all
cells below a face are taken together: they return what enters them from above, and add what comes from sources in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.mean_field.core.exact.solver import LEFT, RIGHT, Passage

_Array = NDArray[np.float64]
_Complex = NDArray[np.complex128]


class _Cell(NamedTuple):
    """A cell in its eigenvectors.

    Attributes:
        rates: Eigenvalues, shape ``(m,)``.
        leaving: Flux through the lower, then the upper face, of each eigenvector, shape ``(n_out, m)``.
        entering: Part of each eigenvector in what enters through the faces, then in each force, ``(m, n_in + F)``.
        n_down: Values of the current at which neurons leave through the lower face.
        n_up: Values of the current at which neurons enter through the lower face.
    """

    rates: _Complex
    leaving: _Complex
    entering: _Complex
    n_down: int
    n_up: int


@dataclass(frozen=True, eq=False)
class Cells:
    """All cells of a neuron, with forces within them, and sources at the reset.

    Args:
        passage: The neuron.
        cells: Its cells from below.
        sources: For each face, what enters the cells above and below it from each value of the current at the reset.
    """

    passage: Passage
    cells: tuple[_Cell, ...]
    sources: dict[int, tuple[_Array, _Array]]

    @classmethod
    def of(cls, passage: Passage, forces: _Array) -> Self:
        """Prepare a neuron.

        Args:
            passage: The neuron.
            forces: Sources within the cells, shape ``(C K n, F)``.
        """
        n_cells, k, n = passage.shape
        m, operator = k * n, passage.matrix()
        velocities = passage.velocity - passage.faces[:, None]
        blocks = np.stack([operator[c * m : (c + 1) * m, c * m : (c + 1) * m].toarray() for c in range(n_cells)])
        rates, vectors = np.linalg.eig(blocks / passage.half_lengths[:, None, None])
        at = np.eye(k)[:, :, None]
        at_left, at_right = ((at * side).reshape(k, m) for side in (LEFT, RIGHT))
        cells: list[_Cell] = []
        for c, half in enumerate(passage.half_lengths):
            below, above = velocities[c], velocities[c + 1]
            down, up, back, on = below < 0, below > 0, above < 0, above > 0
            out = np.concatenate([-below[down, None] * at_left[down], above[on, None] * at_right[on]])
            into = np.concatenate([at_left[up], at_right[back], forces[c * m : (c + 1) * m].T]).T / half
            entering = np.linalg.solve(vectors[c], into)
            cells.append(_Cell(rates[c], out @ vectors[c], entering, int(down.sum()), int(up.sum())))
        return cls(passage, tuple(cells), _sources(passage, velocities))

    def outflux(self, omega: float) -> _Complex:
        """Flux over the threshold from each value of the current at the reset, then from each force.

        Args:
            omega: Angular frequency per inverse time constant.

        Returns:
            By value of the current, shape ``(K, K + F)``.
        """
        k = len(self.passage.velocity)
        first = self.cells[0]
        n_forces = first.entering.shape[1] - first.n_up - int((self.passage.velocity < self.passage.faces[1]).sum())
        returned = np.zeros((first.n_up, first.n_down), complex)
        sent = np.zeros((first.n_up, k + n_forces), complex)
        for c, cell in enumerate(self.cells):
            through = (cell.leaving / (cell.rates + 1j * omega)) @ cell.entering
            n_in = cell.entering.shape[1] - n_forces
            down, up = through[: cell.n_down], through[cell.n_down :]
            start = np.zeros((cell.n_down, k + n_forces), complex)
            start[:, k:] = down[:, n_in:]
            if c in self.sources:
                above, below = self.sources[c]
                sent[:, :k] += above
                start[:, :k] += below
            sent = sent + returned @ start
            back = returned @ down[:, cell.n_up : n_in]
            loop = np.eye(cell.n_up) - returned @ down[:, : cell.n_up]
            solved = up[:, : cell.n_up] @ np.linalg.solve(loop, np.concatenate([back, sent], axis=1))
            returned = solved[:, : back.shape[1]] + up[:, cell.n_up : n_in]
            sent = solved[:, back.shape[1] :]
            sent[:, k:] += up[:, n_in:]
        found = np.zeros((k, k + n_forces), complex)
        found[self.passage.velocity > 1] = sent
        return found


def _sources(passage: Passage, velocities: _Array) -> dict[int, tuple[_Array, _Array]]:
    """Where neurons start at the reset: upwards into the cell above, or downwards into the one below."""
    at_reset = passage.at_reset
    unit, below = np.eye(len(passage.velocity)), velocities[at_reset]
    return {at_reset: (unit[below > 0], unit[below < 0])}
