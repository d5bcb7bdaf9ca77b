"""Permutation tests of the difference of two groups."""

from __future__ import annotations

from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.random import Stream

#: Random permutations, where there are more of them than these.
N_PERMUTATIONS = 9_999
#: Fewest replicates, of each of two groups, that are tested.
MIN_REPLICATES = 3


class PermutationTest(NamedTuple):
    """A permutation test.

    Args:
        n: Units of the first group in which the quantity is defined; of pairs, those in which it is in both.
        n_reference: Likewise of the second.
        p_value: Two-sided; NaN with fewer than `MIN_REPLICATES` replicates.
        least_p: The smallest possible p value, which the number of replicates sets.
    """

    n: int
    n_reference: int
    p_value: float
    least_p: float


def permutation_test(
    values: NDArray[np.float64],
    reference: NDArray[np.float64],
    *,
    paired: bool,
    seed: int = 0,
    n_permutations: int = N_PERMUTATIONS,
) -> PermutationTest:
    """Test of the difference of means of two groups, against all changes of signs within pairs, or all exchanges.

    Args:
        values: One value for each replicate, shape ``(n,)``; NaN where undefined.
        reference: Likewise of the other group; of pairs, in the same order.
        paired: Whether the groups consist of pairs.
        seed: Seed of random permutations.
        n_permutations: How many are drawn, if there are more of them; 0 for no test.

    References:
        Phipson & Smyth 2010, "Permutation p-values should never be zero".
    """
    from scipy import stats  # noqa: PLC0415 -- importing takes half a second

    known, known_reference = np.isfinite(values), np.isfinite(reference)
    if paired:
        known = known_reference = known & known_reference
    one, two = values[known], reference[known_reference]
    n, n_reference = len(one), len(two)
    if min(n, n_reference) < MIN_REPLICATES or not n_permutations:
        return PermutationTest(n, n_reference, np.nan, np.nan)
    n_distinct = 2**n if paired else comb(n + n_reference, n)
    least = 2 / (n_distinct if n_distinct <= n_permutations else n_permutations + 1)
    if not np.ptp(np.concatenate([one, two])):
        return PermutationTest(n, n_reference, 1.0, least)
    result = stats.permutation_test(
        (one, two),
        lambda a, b, axis: np.mean(a, axis=axis) - np.mean(b, axis=axis),
        permutation_type="samples" if paired else "independent",
        vectorized=True,
        n_resamples=n_permutations,
        rng=np.random.default_rng(Stream(seed, "permutation test").derived_seed),
    )
    return PermutationTest(n, n_reference, float(result.pvalue), least)
