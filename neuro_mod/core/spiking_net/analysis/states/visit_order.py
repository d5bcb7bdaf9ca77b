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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.analysis.states.names import State, state_name
from neuro_mod.core.spiking_net.analysis.states.transitions import visited_states
from neuro_mod.errors import InputError
from neuro_mod.recordings.windows import SAME

#: Rounds of swaps. In each about two of five visits of a session are paired and half of the pairs try to swap.
N_ROUNDS = 60
_ADJACENT_EVERY = 4
_GAP = -1
_ROUND_OFF = 1e-9
#: Visits of shuffled orders that are shuffled together: few enough for the cache of a core.
_TOGETHER = 2**18

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
    sequences = _sequences(occurrences, codes)
    for session, sequence in sequences.items():
        repeated = np.flatnonzero((sequence[1:] == sequence[:-1]) & (sequence[1:] != _GAP))
        if repeated.size:
            name = state_name(states[sequence[repeated[0]]])
            raise InputError(f"session {session}: state {name} directly follows itself; expected one visit for both")
    orders = []
    for group in _groups(sequences, n_shuffles):
        sequence, shuffled, ends = _shuffle(group, n_shuffles, seed)
        found = np.column_stack([sequence, shuffled])
        orders += [each[each[:, 0] != _GAP] for each in np.split(found, ends[:-1])]
    entropy, information = _pooled_entropies(orders, len(states), n_shuffles + 1)
    return ShuffleTest(float(entropy[0]), entropy[1:], float(information[0]), information[1:])


def _sequences(occurrences: pd.DataFrame, codes: dict[State, int]) -> dict[int, NDArray[np.integer]]:
    """Codes of the visits of each session; `_GAP` at its ends, for what is skipped, and where visits do not adjoin."""
    kind = np.int16 if len(codes) <= np.iinfo(np.int16).max else np.int64
    session = occurrences["session"].to_numpy(np.int64)
    order = np.argsort(session, kind="stable")
    code = np.array([codes.get(state, _GAP) for state in occurrences["state"]], kind)[order]
    start, end = (occurrences[edge].to_numpy()[order] for edge in ("start", "end"))
    apart = np.append(False, start[1:] > end[:-1] * (1 + SAME))
    numbers, begins = np.unique(session[order], return_index=True)
    bounds = [*begins.tolist(), len(order)]
    found = {}
    for number, first, last in zip(numbers.tolist(), bounds[:-1], bounds[1:], strict=True):
        gaps = 1 + np.flatnonzero(apart[first + 1 : last])
        found[number] = np.pad(np.insert(code[first:last], gaps, _GAP), 1, constant_values=_GAP)
    return found


def _groups(sequences: dict[int, NDArray[np.integer]], n_shuffles: int) -> Iterator[dict[int, NDArray[np.integer]]]:
    """Sessions that are shuffled together, as many as `_TOGETHER` allows, at least one."""
    group: dict[int, NDArray[np.integer]] = {}
    size = 0
    for session, sequence in sequences.items():
        if group and (size + len(sequence)) * n_shuffles > _TOGETHER:
            yield group
            group, size = {}, 0
        group[session] = sequence
        size += len(sequence)
    if group:
        yield group


def _shuffle(
    sequences: dict[int, NDArray[np.integer]], n_shuffles: int, seed: int
) -> tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.int64]]:
    """Shuffled orders of some sessions; gaps, and so the ends of sessions, stay where they are.

    Returns:
        The sequences one after the other, shape ``(n,)``, their orders, shape ``(n, n_shuffles)``, and the end of each
        session among the n.
    """
    together = np.concatenate(list(sequences.values()))
    ends = np.cumsum([len(sequence) for sequence in sequences.values()])
    own = [_rounds(sequence != _GAP, seed, session) for session, sequence in sequences.items()]
    rounds = [_Round.joined(parts, np.append(0, ends[:-1])) for parts in zip(*own, strict=True)]
    backward, forward = (
        [Stream(seed, f"visit order {purpose}", (session,)) for session in sequences]
        for purpose in ("backward", "forward")
    )
    hub = _run(together[:, None], rounds[::-1], backward)
    return together, _run(np.repeat(hub, n_shuffles, axis=1), rounds, forward), ends


def _rounds(movable: NDArray[np.bool_], seed: int, session: int) -> list[_Pairs]:
    """Which positions of a session try to swap in each round.

    No pair touches another's neighbours, so that all swaps of a round can be tested and done together. Most rounds pair
    distant positions; every few rounds pair adjacent ones.
    """
    n = len(movable)
    gaps, ranks = (
        Stream(seed, f"visit order {purpose}", (session,)).uniform(np.arange(N_ROUNDS), n)
        for purpose in ("positions", "pairs")
    )
    distant = np.cumsum(2 + (gaps < 0.5), axis=1) - 2
    rounds = []
    for i in range(N_ROUNDS):
        if i % _ADJACENT_EVERY == 0:
            first = np.arange(int(3 * gaps[i, 0]), n - 1, 3)
            first = first[movable[first] & movable[first + 1]]
            rounds.append((first, first + 1))
            continue
        apart = distant[i, : np.searchsorted(distant[i], n)]
        apart = apart[movable[apart]]
        mixed = apart[np.argsort(ranks[i, : len(apart)], kind="stable")]
        half = len(mixed) // 2
        rounds.append((mixed[:half], mixed[half : 2 * half]))
    return rounds


class _Round(NamedTuple):
    """Positions that try to swap together, in several sessions.

    Args:
        first: Shape ``(n_pairs,)``.
        second: That each of them swaps with.
        n_pairs: Number of pairs of each session.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    n_pairs: list[int]

    @classmethod
    def joined(cls, parts: Sequence[_Pairs], begins: NDArray[np.int64]) -> Self:
        """The pairs of several sessions, given where each begins."""
        n_pairs = [len(first) for first, _ in parts]
        shift = np.repeat(begins, n_pairs)
        first, second = (np.concatenate(each) + shift for each in zip(*parts, strict=True))
        return cls(first, second, n_pairs)


def _run(orders: NDArray[np.integer], rounds: list[_Round], coins: list[Stream]) -> NDArray[np.integer]:
    """The orders after the rounds, shape ``(n, n_orders)``; each pair swaps if a coin and the neighbours allow it."""
    orders = orders.copy()
    n_orders = orders.shape[1]
    most = np.max([each.n_pairs for each in rounds], axis=0) * n_orders  # coins of each session
    words = [each.words(np.arange(len(rounds)), -(-n // 32)) for each, n in zip(coins, most.tolist(), strict=True)]
    for i, (first, second, n_pairs) in enumerate(rounds):
        heads = np.concatenate(
            [np.unpackbits(each[i].view(np.uint8), count=n * n_orders) for each, n in zip(words, n_pairs, strict=True)]
        ).reshape(len(first), n_orders)
        adjacent = second == first + 1
        here, there = orders[first], orders[second]
        allowed = (there != orders[first - 1]) & (there != orders[np.where(adjacent, first - 1, first + 1)])
        allowed &= (here != orders[second + 1]) & (here != orders[np.where(adjacent, second + 1, second - 1)])
        allowed &= heads.view(bool)
        orders[first] = np.where(allowed, there, here)
        orders[second] = np.where(allowed, here, there)
    return orders


def _pooled_entropies(
    orders: list[NDArray[np.integer]], n_states: int, n_orders: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Conditional entropy and mutual information of successive states in bits, shape ``(n_orders,)`` each."""
    n_transitions = sum(len(order) - 1 for order in orders if len(order))
    if not n_transitions:
        return np.full(n_orders, np.nan), np.full(n_orders, np.nan)
    entropies = np.empty((3, n_orders))
    for i in range(n_orders):
        present, following = (
            np.concatenate([order[part, i] for order in orders], dtype=np.int64)
            for part in (slice(None, -1), slice(1, None))
        )
        entropies[:, i] = [_entropy(codes) for codes in (present, following, present * n_states + following)]
    of_present, of_following, of_both = entropies
    return of_both - of_present, of_present + of_following - of_both


def _entropy(codes: NDArray[np.int64]) -> float:
    """Entropy of the frequencies of codes, in bits."""
    counts = np.unique(codes, return_counts=True)[1]
    fractions = counts / len(codes)
    return float(-(fractions @ np.log2(fractions)))
