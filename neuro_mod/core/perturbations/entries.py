"""Entries of perturbations that are drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.random import Stream

#: Half the distance of two uniform numbers, which keeps them off 0.
_HALF_A_STEP = 2.0**-54


@dataclass(frozen=True)
class Entries:
    """How entries are drawn: +1 or -1, or from a normal distribution.

    Args:
        structured: +1 or -1; otherwise normal.
        balance: Probability of +1.
        mean: Mean of normal entries.
        sigma: Their standard deviation.
        rng: Where the numbers come from; None for a stream of their own that follows from `seed`.
        seed: Root of that stream.

    Raises:
        ValueError: A value is out of bounds.
    """

    structured: bool
    balance: float
    mean: float
    sigma: float
    rng: np.random.Generator | None
    seed: int | None

    def __post_init__(self) -> None:
        if not 0 <= self.balance <= 1:
            raise ValueError(f"balance is {self.balance}; it is the probability of +1, from 0 to 1")
        if not (self.sigma >= 0 and np.isfinite([self.mean, self.sigma]).all()):
            raise ValueError(f"mean is {self.mean}, sigma {self.sigma}; both finite, sigma not negative")
        if self.seed is not None and not (isinstance(self.seed, int | np.integer) and self.seed >= 0):
            raise ValueError(f"seed is {self.seed!r}; expected a whole number from 0")
        if self.rng is not None and self.seed is not None:
            raise ValueError("give rng or seed, not both")

    def draw(self, index: int, n: int) -> NDArray[np.float64]:
        """Entries of one element of the basis.

        Args:
            index: Number of the element; with a seed, its entries do not depend on other elements.
            n: How many entries.

        Returns:
            Shape ``(n,)``.

        Raises:
            ValueError: There is neither ``rng`` nor ``seed``.
        """
        if self.rng is not None:
            uniform = self.rng.random(n)
        elif self.seed is not None:
            uniform = Stream(self.seed, "perturbation").uniform([index], n)[0]
        else:
            raise ValueError("to draw entries, give seed (or rng), so that they can be drawn again")
        if self.structured:
            return np.where(uniform < self.balance, 1.0, -1.0)
        standard = [NormalDist().inv_cdf(number) for number in uniform + _HALF_A_STEP]
        return self.mean + self.sigma * np.array(standard)
