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

from neuro_mod.core.control.windows import Windowed

#: Singular values below this part of the largest are those of redundant or constant features.
_SMALLEST = 1e-9
#: With fewer blocks, coefficients are too uncertain to make errors smaller.
MIN_BLOCKS_KNOWN = 8


class BaselineSums(NamedTuple):
    """Sums over the blocks of a trial, for W windows, m observables, k features and P populations.

    Attributes:
        squares: Of the features, shape ``(B, m, k, k)``.
        outcomes: Features times integrated observables, shape ``(B, W, m, k)``.
        numbers: Features times the number of observations in the integral, likewise.
        scores: Features times scores, shape ``(B, m, k, P)``.
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
        """The sums of one trial; arguments as for `moments.moments_of`, the features of shape ``(T, m, k)``.

        Before the first observation nothing is predicted.
        """
        observed, ones = (Windowed(each, lead, start) for each in (values, np.ones(len(values))))
        sums: list[tuple[NDArray[np.float64], ...]] = []
        for begin, end in zip(np.maximum(edges[:-1], start), np.maximum(edges[1:], start), strict=True):
            x = np.ascontiguousarray(known[begin:end].transpose(1, 2, 0), np.float64)  # (m, k, T)
            outcomes = [(x @ observed.sums(window, begin, end).T[:, :, None])[..., 0] for window in windows]
            counted = [x @ ones.sums(window, begin, end) for window in windows]
            sums.append((x @ x.transpose(0, 2, 1), np.stack(outcomes), np.stack(counted), x @ scores[begin:end]))
        return cls(*(np.stack(each) for each in zip(*sums, strict=True)))


def predicted_products(of_trials: Sequence[BaselineSums], means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of scores times what the past predicts of observables minus their means, to be subtracted.

    Args:
        of_trials: The sums of each trial.
        means: Of the observables in the other blocks, shape ``(B, m)``.

    Returns:
        Shape ``(B, W, m, P)``, for the blocks of all trials.
    """
    squares, outcomes, numbers, scores = (np.concatenate(each) for each in zip(*of_trials, strict=True))
    inverse = np.linalg.pinv(squares.sum(axis=0) - squares, rcond=_SMALLEST, hermitian=True)
    of_others = (each.sum(axis=0) - each for each in (outcomes, numbers))
    others = next(of_others) - means[:, None, :, None] * next(of_others)
    coefficients = (inverse[:, None] @ others[..., None])[..., 0]
    return np.einsum("bwmk,bmkp->bwmp", coefficients, scores)
