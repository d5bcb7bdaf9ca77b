"""Random entries of perturbations."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.core.random import HALF_A_STEP, Stream
from neuro_mod.errors import InputError, invalid


@dataclass(frozen=True)
class Entries:
    """How entries are drawn: +1 or -1, or from a normal distribution.

    Args:
        structured: +1 or -1; otherwise normal.
        balance: Probability of +1.
        mean: Mean of normal entries.
        sigma: Their standard deviation.
        rng: Source of the numbers; None for a stream that follows from `seed`.
        seed: Root of that stream.

    Raises:
        InputError: A value is out of bounds.
    """

    structured: bool
    balance: float
    mean: float
    sigma: float
    rng: np.random.Generator | None
    seed: int | None

    def __post_init__(self) -> None:
        if not 0 <= self.balance <= 1:
            raise invalid("balance", self.balance, "a probability, from 0 to 1")
        if not np.isfinite(self.mean):
            raise invalid("mean", self.mean, "finite")
        if not 0 <= self.sigma < np.inf:
            raise invalid("sigma", self.sigma, "finite and at least 0")
        if self.seed is not None:
            whole_number("seed", self.seed, 0)
        if self.rng is not None and self.seed is not None:
            raise InputError("rng, seed: both found; expected one of them")

    def draw(self, index: int, n: int, attempt: int = 0) -> NDArray[np.float64]:
        """Entries of one element of the basis.

        Args:
            index: Number of the element; with a seed, its entries do not depend on other elements.
            n: How many entries.
            attempt: How often the element has been drawn before; each time its entries are others.

        Returns:
            Shape ``(n,)``.

        Raises:
            InputError: There is neither ``rng`` nor ``seed``.
        """
        if self.rng is not None:
            uniform = self.rng.random(n)
        elif self.seed is not None:
            uniform = Stream(self.seed, "perturbation", (attempt,) if attempt else ()).uniform([index], n)[0]
        else:
            raise InputError("seed, rng: missing; expected one of them, to draw the entries")
        if self.structured:
            return np.where(uniform < self.balance, 1.0, -1.0)
        standard = [NormalDist().inv_cdf(number) for number in uniform + HALF_A_STEP]
        return self.mean + self.sigma * np.array(standard)
