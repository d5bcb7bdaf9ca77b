"""Types of steady states."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Real parts of eigenvalues this close to 0, relative to the largest eigenvalue, decide nothing.
MARGIN = 1e-9


def classify(eigenvalues: NDArray[np.complexfloating]) -> str:
    """Type of a steady state from the eigenvalues of its Jacobian.

    Args:
        eigenvalues: In 1/s, shape ``(P,)``.

    Returns:
        The ``kind`` of a `FixedPoint`.
    """
    size = np.abs(eigenvalues).max(initial=0.0)
    real = eigenvalues.real
    if (np.abs(real) <= MARGIN * size).any():
        return "marginal"
    if (real > 0).any() and (real < 0).any():
        return "saddle"
    kind = "focus" if (np.abs(eigenvalues.imag) > MARGIN * size).any() else "node"
    return f"{'stable' if (real < 0).all() else 'unstable'} {kind}"
