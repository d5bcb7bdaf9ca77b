"""Settings of a hidden Markov model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neuro_mod.checks import check_choice, whole_number
from neuro_mod.choices import Criterion, UnitKind
from neuro_mod.errors import invalid

#: Default numbers of states to choose from, each about 1.4 times the one before.
NUMBERS_OF_STATES = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96)
#: A bin belongs to a state whose posterior probability exceeds this.
MIN_POSTERIOR = 0.8
#: Shortest visit in seconds.
MIN_DURATION = 50e-3
#: Least number of starts of each fit.
N_RESTARTS = 5
#: The most starts of a fit, by default, are this many times the least.
RESTARTS_FACTOR = 4


@dataclass(frozen=True)
class HiddenMarkovSettings:
    """Settings of a hidden Markov model.

    Args:
        bin_width: Of the bins in which spikes are counted, in seconds.
        numbers: Numbers of states to choose from.
        criterion: Criterion of the choice: ``bic``, or ``cross_validation`` over sessions.
        seed: Root seed of the starts of the fits.
        n_restarts: Least number of fits from different starts, of which the one with the largest likelihood is kept.
        n_folds: Number of folds of cross-validation over sessions.
        least_posterior: A bin belongs to a state whose posterior exceeds this, 0.5 or more.
        least_duration: Least duration of a visit in seconds.
        units: Units whose spikes are counted: ``clusters`` or ``neurons``.
        max_restarts: Fits continue beyond ``n_restarts`` until the best one was found twice, up to this number.

    Raises:
        InputError: A setting is not valid.
    """

    bin_width: float
    numbers: tuple[int, ...]
    criterion: Criterion = "bic"
    seed: int = 0
    n_restarts: int = N_RESTARTS
    n_folds: int = 5
    least_posterior: float = MIN_POSTERIOR
    least_duration: float = MIN_DURATION
    units: UnitKind = "clusters"
    max_restarts: int = RESTARTS_FACTOR * N_RESTARTS

    def __post_init__(self) -> None:
        check_choice("criterion", self.criterion, Criterion)
        check_choice("units", self.units, UnitKind)
        if not (math.isfinite(self.bin_width) and self.bin_width > 0):
            raise invalid("bin_width", self.bin_width, "seconds above 0")
        if not self.numbers or min(self.numbers) < 1:
            raise invalid("n_states", self.numbers, "one or more whole numbers of at least 1")
        whole_number("seed", self.seed, 0)
        whole_number("n_restarts", self.n_restarts, 1)
        whole_number("max_restarts", self.max_restarts, self.n_restarts, hint="it is the most, n_restarts the least")
        if self.criterion == "cross_validation":
            whole_number("n_folds", self.n_folds, 2)
        if not 0.5 <= self.least_posterior < 1:
            raise invalid("least_posterior", self.least_posterior, "at least 0.5, below 1")
        if not 0 <= self.least_duration < math.inf:
            raise invalid("least_duration", self.least_duration, "seconds of at least 0")


def numbers_to_try(n_states: int | Sequence[int] | None, n_bins: int) -> tuple[int, ...]:
    """Numbers of states to choose from.

    Args:
        n_states: One or several; None for those of `NUMBERS_OF_STATES` that are not too large.
        n_bins: Bins of all sessions together; there are not more states.

    Raises:
        InputError: They are not whole numbers.
    """
    if n_states is None:
        return tuple(number for number in NUMBERS_OF_STATES if number <= n_bins) or (1,)
    numbers = np.atleast_1d(n_states)
    if not np.issubdtype(numbers.dtype, np.integer) and numbers.size:
        raise invalid("n_states", n_states, "a whole number, or several")
    return tuple(map(int, numbers))
