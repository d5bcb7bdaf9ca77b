"""Properties of the jump chain: states in the order of their visits, without their durations.

In a finite recording the last state of a session may never be left, or lead only to such a state, and the estimated
chain would end there. `jump_chain` therefore restricts the counts to the strongly connected class with the most
transitions, and gives its fraction of them.

References:
    Levin & Peres 2017, Markov Chains and Mixing Times, 2nd ed., sections 1.3, 1.5, 4.4, 4.5 and 12.2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, eye_array, vstack
from scipy.sparse.csgraph import connected_components, shortest_path
from scipy.sparse.linalg import spsolve

from neuro_mod.errors import InputError
from neuro_mod.summaries import ShownFields

#: A chain counts as mixed when it is this close to its stationary distribution, in total variation.
MIXED = 0.25
_ROUND_OFF = 1e-12
_MAX_SQUARINGS = 60
#: States of a chain whose equations are solved with all zeros.
_SMALL = 500

#: Transition probabilities, with or without the zeros.
Matrix: TypeAlias = "NDArray[np.floating] | csr_array"


@dataclass(frozen=True, eq=False, repr=False)
class JumpChain(ShownFields):
    """The strongly connected class of states with the most transitions.

    Attributes:
        members: Its states, as indices into the rows of the counts, shape ``(m,)``; none if no state was ever
            visited again.
        probabilities: Transition probabilities within it, shape ``(m, m)``; transitions that lead out of it are left
            out.
        coverage: Fraction of all transitions within it; NaN if there are none.
        closed: Whether no transition leads out of it, except to states after which the recording ends.
        n_closed_classes: How many classes are closed in this sense. The chain has one stationary distribution only
            if there is one.
    """

    members: NDArray[np.int64]
    probabilities: csr_array
    coverage: float
    closed: bool
    n_closed_classes: int

    @cached_property
    def matrix(self) -> NDArray[np.float64]:
        """All transition probabilities, also those that are zero."""
        return self.probabilities.toarray()

    @property
    def recurrent(self) -> bool:
        """Whether it is the recurrent class: the only one that is closed."""
        return self.closed and self.n_closed_classes == 1


def jump_chain(counts: NDArray[np.integer] | csr_array) -> JumpChain:
    """Restrict the transitions to the strongly connected class that contains most of them.

    Of several that contain equally many it is that of the first state. Each row is divided by the transitions which
    stay in the class: it is the chain on condition that it does not leave.

    Args:
        counts: Transitions from (rows) to (columns), shape ``(n, n)``.
    """
    table = csr_array(counts)
    kinds = table.tocoo()
    (source, target), weights = (each.astype(np.int64) for each in kinds.coords), kinds.data
    if not source.size:
        return JumpChain(np.zeros(0, np.int64), csr_array((0, 0), dtype=np.float64), math.nan, False, 0)
    n_classes, of_state = _strong_classes(table)
    inside = of_state[source] == of_state[target]
    held = np.bincount(of_state[source[inside]], weights[inside], minlength=n_classes)
    main = of_state[np.argmax(held[of_state])]
    members = np.flatnonzero(of_state == main) if held[main] else np.zeros(0, np.int64)
    closed = _closed_classes(source, target, of_state)
    return JumpChain(
        members=members,
        probabilities=_of_each_row(table[members][:, members]),
        coverage=float(held[main] / weights.sum()),
        closed=bool(np.isin(main, closed)),
        n_closed_classes=len(closed),
    )


def stationary_distribution(matrix: Matrix) -> NDArray[np.float64]:
    """The stationary distribution: the long-run fraction of visits of each state.

    Args:
        matrix: Transition probabilities between states that can all be reached from each other, shape ``(m, m)``.

    Returns:
        Shape ``(m,)``.

    Raises:
        InputError: Some states cannot be reached from others, so that it may not be the only one.
    """
    _check_irreducible(matrix)
    matrix, m = _dense_if_small(matrix), _n_states(matrix)
    if not isinstance(matrix, csr_array):
        return np.asarray(np.linalg.solve(np.eye(m) - matrix.T + 1.0, np.ones(m)), np.float64)
    balance = (eye_array(m, format="csr") - matrix.T).tocsr()[:-1]  # one of the equations follows from the others
    equations = vstack([balance, csr_array(np.ones((1, m)))], format="csc")
    return np.asarray(spsolve(equations, np.eye(1, m, m - 1)[0]), np.float64)


def period(matrix: NDArray[np.floating]) -> int:
    """Greatest common divisor of the numbers of jumps in which the chain can return; zero without states.

    Of a chain whose states all lead to each other; arguments and errors as for `stationary_distribution`.
    """
    _check_irreducible(matrix)
    if not len(matrix):
        return 0
    level = shortest_path(csr_array(matrix), unweighted=True, indices=0).astype(np.int64)
    source, target = np.nonzero(matrix)
    return int(np.gcd.reduce(level[source] + 1 - level[target]))


def mixing_time(matrix: NDArray[np.floating]) -> float:
    """Fewest jumps after which the chain is within `MIXED` of its stationary distribution from every start.

    Found by squaring the matrix until it is mixed, then by bisection; distances never grow with the jumps.

    Args:
        matrix: As for `stationary_distribution`, also the errors.

    Returns:
        Infinite if the chain is periodic (always so with two states that do not follow themselves), or not mixed
        after 2**60 jumps; NaN without states.
    """
    if not len(matrix):
        return math.nan
    stationary = stationary_distribution(matrix)
    if period(matrix) > 1:
        return math.inf
    reached = np.eye(len(matrix))
    if _is_mixed(reached, stationary):
        return 0.0
    powers = [np.asarray(matrix, np.float64)]
    while not _is_mixed(powers[-1], stationary):
        if len(powers) > _MAX_SQUARINGS:
            return math.inf
        powers.append(_product(powers[-1], powers[-1]))
    jumps = 0
    for exponent in reversed(range(len(powers))):
        further = _product(reached, powers[exponent])
        if not _is_mixed(further, stationary):
            reached, jumps = further, jumps + 2**exponent
    return float(jumps + 1)


def relaxation_time(matrix: NDArray[np.floating]) -> float:
    """Jumps in which the slowest deviation from the stationary distribution decays by about e: 1 / (1 - abs(lambda_2)).

    lambda_2 is the eigenvalue of the largest modulus but one.

    Args:
        matrix: As for `stationary_distribution`, also the errors.

    Returns:
        Infinite if the chain is periodic; NaN with fewer than two states.
    """
    cycle = period(matrix)
    if len(matrix) < 2:
        return math.nan
    if cycle > 1:
        return math.inf
    second = np.sort(np.abs(np.linalg.eigvals(matrix)))[-2]
    return float(1 / (1 - second))


def entropy_rate(matrix: Matrix) -> float:
    """Mean uncertainty of the next state given the present one, in bits per transition.

    ``-sum_i pi_i sum_j P_ij log2 P_ij``. With estimated probabilities it is an underestimate when visits are few.

    Args:
        matrix: As for `stationary_distribution`, also the errors.

    Returns:
        NaN without states.

    References:
        Cover & Thomas 2006, Elements of Information Theory, 2nd ed., section 4.2.
    """
    if not _n_states(matrix):
        return math.nan
    stationary, matrix = stationary_distribution(matrix), _dense_if_small(matrix)
    if isinstance(matrix, csr_array):
        surprises = matrix.copy()
        surprises.data *= np.log2(surprises.data)
    else:
        surprises = matrix * np.log2(matrix, out=np.zeros(matrix.shape), where=matrix > 0)
    return float(-(stationary @ surprises.sum(axis=1))) + 0.0


def entropy_rate_per_second(matrix: Matrix, mean_durations: ArrayLike) -> float:
    """Entropy of the order of the states in bits per second, without that of their durations.

    Args:
        matrix: As for `stationary_distribution`, also the errors.
        mean_durations: Mean time from entering each state to entering the next, in seconds, shape ``(m,)`` or one
            for all.
    """
    n = _n_states(matrix)
    durations = np.broadcast_to(np.asarray(mean_durations, np.float64), n)
    return entropy_rate(matrix) / float(stationary_distribution(matrix) @ durations) if n else math.nan


def _of_each_row(counts: csr_array) -> csr_array:
    """Counts over the sum of their row; none of the rows is empty."""
    rows = np.repeat(np.arange(_n_states(counts)), np.diff(counts.indptr))
    return csr_array((counts.data / counts.sum(axis=1)[rows], counts.indices, counts.indptr), shape=counts.shape)


def _n_states(matrix: NDArray[Any] | csr_array) -> int:
    rows, _ = matrix.shape  # pyright: ignore[reportGeneralTypeIssues, reportOptionalIterable]
    return rows


def _dense_if_small(matrix: Matrix) -> Matrix:
    return matrix.toarray() if isinstance(matrix, csr_array) and _n_states(matrix) <= _SMALL else matrix


def _closed_classes(
    source: NDArray[np.int64], target: NDArray[np.int64], of_state: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The classes that are not left, apart from states whose transitions lead only to the end of the recording."""
    continues = np.ones(len(of_state), bool)
    while True:
        leads = np.zeros_like(continues)
        leads[source[continues[target]]] = True
        if np.array_equal(leads & continues, continues):
            break
        continues &= leads
    leaving = continues[target] & (of_state[source] != of_state[target])
    return np.setdiff1d(of_state[continues], of_state[source[leaving]])


def _strong_classes(matrix: NDArray[np.number] | csr_array) -> tuple[int, NDArray[np.int64]]:
    n_classes, of_state = connected_components(csr_array(matrix), directed=True, connection="strong")
    return int(n_classes), of_state.astype(np.int64)


def _check_irreducible(matrix: Matrix) -> None:
    if not _n_states(matrix):
        return
    if not np.allclose(matrix.sum(axis=1), 1.0):
        raise InputError("matrix: rows that do not sum to 1 found; expected transition probabilities")
    n_classes, _ = _strong_classes(matrix)
    if n_classes > 1:
        raise InputError(f"matrix: {n_classes} strongly connected classes found; expected 1, as from jump_chain")


def _is_mixed(power: NDArray[np.float64], stationary: NDArray[np.float64]) -> bool:
    return bool(np.abs(power - stationary).sum(axis=1).max() / 2 <= MIXED + _ROUND_OFF)


def _product(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of two transition matrices; rows are scaled to sum to one, which repeated squaring would lose."""
    product = first @ second
    return product / product.sum(axis=1, keepdims=True)
