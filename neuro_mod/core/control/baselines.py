"""What the past says about the future of an observable, subtracted to make the errors of responses smaller.

The score of a bin has mean 0 whatever happened before. A prediction b(u) of the integrated observable A(u) from what is
known before the bin u thus has no covariance with it: ``sum_u s_a(u) (A(u) - b(u))`` has the same mean as without b,
and a smaller variance, that of A given the past. The prediction is linear in a few features. Its coefficients are
fitted without the block to which they are applied, so that they cannot follow its scores.

References:
    Greensmith, Bartlett & Baxter 2004, "Variance reduction techniques for gradient estimates in reinforcement
    learning", JMLR 5.
    Chernozhukov et al. 2018, "Double/debiased machine learning", Econometrics Journal 21 (cross-fitting).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.control.windows import windowed

#: Singular values below this part of the largest are those of features that say the same, or nothing.
_SMALLEST = 1e-9


class BaselineSums(NamedTuple):
    """Sums over the blocks of a trial, for W windows, m observables, k features and P populations.

    Attributes:
        squares: Of the features, shape ``(B, W, m, k, k)``.
        outcomes: Features times integrated observables, shape ``(B, W, m, k)``.
        numbers: Features times the number of observations in the integral, likewise.
        scores: Features times scores, shape ``(B, W, m, k, P)``.
    """

    squares: NDArray[np.float64]
    outcomes: NDArray[np.float64]
    numbers: NDArray[np.float64]
    scores: NDArray[np.float64]

    @classmethod
    def of_trial(
        cls,
        values: NDArray[np.floating],
        scores: NDArray[np.floating],
        known: NDArray[np.floating],
        windows: Sequence[int],
        lead: int,
        start: int,
        edges: NDArray[np.int64],
    ) -> Self:
        """The sums of one trial; arguments as for `moments.moments_of`, the features of shape ``(T, m, k)``."""
        (_, m, k), n_populations, n_blocks = known.shape, scores.shape[1], len(edges) - 1
        squares, outcomes = np.empty((n_blocks, len(windows), m, k, k)), np.empty((n_blocks, len(windows), m, k))
        numbers, products = np.empty_like(outcomes), np.empty((n_blocks, len(windows), m, k, n_populations))
        ones = np.ones(len(values))
        for j, window in enumerate(windows):
            integrated, number = windowed(values, window, lead, start), windowed(ones, window, lead, start)
            features = known * number[:, None, None]
            for i, block in enumerate(map(slice, edges[:-1].tolist(), edges[1:].tolist())):
                x = features[block]
                squares[i, j] = np.einsum("tmk,tml->mkl", x, x)
                outcomes[i, j] = np.einsum("tmk,tm->mk", x, integrated[block])
                numbers[i, j] = np.einsum("tmk,t->mk", x, number[block])
                products[i, j] = (x.reshape(len(x), m * k).T @ scores[block]).reshape(m, k, n_populations)
        return cls(squares, outcomes, numbers, products)


def predicted_products(of_trials: Sequence[BaselineSums], means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of scores times what the past predicts of observables minus their means, to be subtracted.

    Args:
        of_trials: The sums of each trial.
        means: Of the observables, shape ``(m,)``.

    Returns:
        Shape ``(B, W, m, P)``, for the blocks of all trials.
    """
    squares, outcomes, numbers, scores = (np.concatenate(each) for each in zip(*of_trials, strict=True))
    deviations = outcomes - means[:, None] * numbers
    others = squares.sum(axis=0) - squares
    inverse = np.linalg.pinv(others, rcond=_SMALLEST, hermitian=True)
    coefficients = (inverse @ (deviations.sum(axis=0) - deviations)[..., None])[..., 0]
    return np.einsum("bwmk,bwmkp->bwmp", coefficients, scores)
