"""Shuffle test: is the order of visits more regular than expected from the frequencies of the states?

Null hypothesis: given how often each session visits each state, every order of its visits in which no state directly
follows itself is equally likely. It holds for states drawn independently of each other, on condition that no two
successive ones are the same.

Shuffled orders come from a Metropolis chain of swaps of two visits; a swap that would make a state follow itself is
refused. The chain first runs backward from the observed order, then forward from there, again for each shuffle. Under
the null hypothesis the observed and the shuffled orders are then exchangeable, so that the p-value is valid however
short the chain is, and also where swaps alone cannot reach every order; only the power suffers.

References:
    Besag & Clifford 1989, "Generalized Monte Carlo significance tests" (the parallel method).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.analysis.states.names import state_name
from neuro_mod.core.spiking_net.analysis.states.transitions import visited_states
from neuro_mod.errors import InputError
from neuro_mod.recordings.windows import SAME

#: Rounds of swaps. In each about two of five visits of a session are paired and half of the pairs try to swap.
N_ROUNDS = 60
_ADJACENT_EVERY = 4
_GAP = -1
_ROUND_OFF = 1e-9

_Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class ShuffleTest:
    """Uncertainty of the next state given the present one, in bits, as observed and in shuffled orders.

    All entropies are plug-in estimates, underestimates when visits are few compared to pairs of states, in the
    observed and the shuffled orders alike: compare these, not values of different data sets.

    Attributes:
        observed: Conditional entropy of the next state given the present one; NaN without transitions.
        shuffled: The same of the shuffled orders, shape ``(n_shuffles,)``.
        observed_information: Mutual information of successive states.
        shuffled_information: The same of the shuffled orders, shape ``(n_shuffles,)``.
    """

    observed: float
    shuffled: NDArray[np.float64] = field(repr=False)
    observed_information: float
    shuffled_information: NDArray[np.float64] = field(repr=False)

    @property
    def p_value(self) -> float:
        """Probability, under the null hypothesis, of an order at least as regular; NaN without transitions."""
        if math.isnan(self.observed):
            return math.nan
        as_regular = int(np.count_nonzero(self.shuffled <= self.observed + _ROUND_OFF))
        return (1 + as_regular) / (1 + len(self.shuffled))

    @property
    def excess(self) -> float:
        """Bits by which the next state is less uncertain than in shuffled orders, on average."""
        return float(self.shuffled.mean()) - self.observed

    @property
    def z_score(self) -> float:
        """The excess in standard deviations of the shuffled orders; NaN if they do not vary."""
        spread = float(self.shuffled.std())
        return self.excess / spread if spread > _ROUND_OFF else math.nan


def shuffle_test(
    occurrences: pd.DataFrame, *, n_shuffles: int = 200, seed: int = 0, empty_state: bool = True
) -> ShuffleTest:
    """Compare the order of visits with random orders of the same visits.

    Transitions are pooled over sessions; visits are shuffled within theirs. The random numbers of a session depend on
    its number alone. Between visits that do not adjoin, a state may follow itself, in the data and the shuffles.

    Args:
        occurrences: One row per visit, ordered by session, then start.
        n_shuffles: How many shuffled orders.
        seed: Root seed.
        empty_state: Whether visits of ``()`` count. If they are between most others, the present state predicts little.
            If ``False`` they stay in place while the others are shuffled, and are then skipped, so that a
            state can follow itself across one.

    Raises:
        InputError: There is no shuffle, the seed is not valid, or a state directly follows itself.
    """
    whole_number("n_shuffles", n_shuffles, 1)
    whole_number("seed", seed, 0)
    states = visited_states(occurrences, empty_state)
    codes = {state: code for code, state in enumerate(states)}
    orders = []
    for session in np.unique(occurrences["session"].to_numpy(np.int64)).tolist():
        sequence = _sequence(occurrences.loc[occurrences["session"] == session], codes)
        repeated = np.flatnonzero((sequence[1:] == sequence[:-1]) & (sequence[1:] != _GAP))
        if repeated.size:
            name = state_name(states[sequence[repeated[0]]])
            raise InputError(f"session {session}: state {name} directly follows itself; expected one visit for both")
        shuffled = _shuffle(sequence, n_shuffles, seed, session)
        orders.append(np.column_stack([sequence, shuffled])[sequence != _GAP])
    entropy, information = _pooled_entropies(orders, len(states), n_shuffles + 1)
    return ShuffleTest(float(entropy[0]), entropy[1:], float(information[0]), information[1:])


def _sequence(visits: pd.DataFrame, codes: dict) -> NDArray[np.int64]:
    """Codes of the visits of a session; `_GAP` at its ends, for what is skipped, and where visits do not adjoin."""
    sequence = np.array([codes.get(state, _GAP) for state in visits["state"]], np.int64)
    start, end = visits["start"].to_numpy(), visits["end"].to_numpy()
    apart = 1 + np.flatnonzero(start[1:] > end[:-1] * (1 + SAME))
    return np.pad(np.insert(sequence, apart, _GAP), 1, constant_values=_GAP)


def _shuffle(sequence: NDArray[np.int64], n_shuffles: int, seed: int, session: int) -> NDArray[np.int64]:
    """Shuffled orders, shape ``(len(sequence), n_shuffles)``; gaps stay where they are."""
    rounds = _rounds(sequence != _GAP, seed, session)
    hub = _run(sequence[:, None], rounds[::-1], Stream(seed, "visit order backward", (session,)))
    return _run(np.repeat(hub, n_shuffles, axis=1), rounds, Stream(seed, "visit order forward", (session,)))


def _rounds(movable: NDArray[np.bool_], seed: int, session: int) -> list[_Pairs]:
    """Which positions try to swap in each round.

    No pair touches another's neighbours, so that all swaps of a round can be tested and done together. Most rounds pair
    distant positions; every few rounds pair adjacent ones.
    """
    n = len(movable)
    gaps, ranks = (
        Stream(seed, f"visit order {purpose}", (session,)).uniform(np.arange(N_ROUNDS), n)
        for purpose in ("positions", "pairs")
    )
    rounds = []
    for i in range(N_ROUNDS):
        if i % _ADJACENT_EVERY == 0:
            first = np.arange(int(3 * gaps[i, 0]), n - 1, 3)
            first = first[movable[first] & movable[first + 1]]
            rounds.append((first, first + 1))
            continue
        apart = np.cumsum(2 + (gaps[i] < 0.5)) - 2
        apart = apart[apart < n]
        apart = apart[movable[apart]]
        mixed = apart[np.argsort(ranks[i, : len(apart)], kind="stable")]
        half = len(mixed) // 2
        rounds.append((mixed[:half], mixed[half : 2 * half]))
    return rounds


def _run(orders: NDArray[np.int64], rounds: list[_Pairs], coins: Stream) -> NDArray[np.int64]:
    """The orders after the rounds, shape ``(n, n_orders)``; each pair swaps if a coin and the neighbours allow it."""
    orders = orders.copy()
    n_orders = orders.shape[1]
    most = max(len(first) for first, _ in rounds) * n_orders
    words = coins.words(np.arange(len(rounds)), -(-most // 32))
    for (first, second), round_words in zip(rounds, words, strict=True):
        heads = np.unpackbits(round_words.view(np.uint8), count=len(first) * n_orders).reshape(len(first), n_orders)
        adjacent = second == first + 1
        here, there = orders[first], orders[second]
        allowed = (there != orders[first - 1]) & (there != orders[np.where(adjacent, first - 1, first + 1)])
        allowed &= (here != orders[second + 1]) & (here != orders[np.where(adjacent, second + 1, second - 1)])
        allowed &= heads.astype(bool)
        orders[first] = np.where(allowed, there, here)
        orders[second] = np.where(allowed, here, there)
    return orders


def _pooled_entropies(
    orders: list[NDArray[np.int64]], n_states: int, n_orders: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Conditional entropy and mutual information of successive states in bits, shape ``(n_orders,)`` each."""
    n_transitions = sum(len(order) - 1 for order in orders if len(order))
    if not n_transitions:
        return np.full(n_orders, np.nan), np.full(n_orders, np.nan)
    entropies = np.empty((3, n_orders))
    for i in range(n_orders):
        present = np.concatenate([order[:-1, i] for order in orders])
        following = np.concatenate([order[1:, i] for order in orders])
        entropies[:, i] = [_entropy(codes) for codes in (present, following, present * n_states + following)]
    of_present, of_following, of_both = entropies
    return of_both - of_present, of_present + of_following - of_both


def _entropy(codes: NDArray[np.int64]) -> float:
    """Entropy of the frequencies of codes, in bits."""
    counts = np.unique(codes, return_counts=True)[1]
    fractions = counts / len(codes)
    return float(-(fractions @ np.log2(fractions)))
