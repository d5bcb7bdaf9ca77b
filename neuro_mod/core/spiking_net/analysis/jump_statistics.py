"""The chain of states in the order of their visits, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis import markov_chain
from neuro_mod.core.spiking_net.analysis.states import State
from neuro_mod.core.spiking_net.analysis.transitions import (
    transition_counts,
    transition_table,
    visited_states,
    without_empty_state,
)


@dataclass(frozen=True, eq=False)
class JumpStatistics:
    """Properties of the chain of states, restricted to states that can all be reached from each other.

    Attributes:
        states: The states of the largest such class.
        stationary: Fraction of visits that each of them gets in the long run, shape ``(n_states,)``.
        coverage: Fraction of all observed transitions that lie within the class.
        recurrent: Whether it is the only class that is not left for good.
        mixing_time: Jumps until the chain is within a quarter (total variation) of `stationary`, from every start.
        relaxation_time: Jumps in which the slowest deviation decays by about e.
        entropy_rate: In bits per transition.
        entropy_rate_per_second: In bits per second, by the mean time from one entry to the next.
    """

    states: list[State]
    stationary: NDArray[np.float64]
    coverage: float
    recurrent: bool
    mixing_time: float
    relaxation_time: float
    entropy_rate: float
    entropy_rate_per_second: float


def jump_statistics(occurrences: pd.DataFrame, *, empty_state: bool = True) -> JumpStatistics:
    """Stationary distribution, mixing time and entropy rate of the chain of states.

    Args:
        occurrences: One row per visit, ordered by session, then start.
        empty_state: Whether the state of no active cluster counts.
    """
    moves = transition_table(occurrences, empty_state=empty_state)
    states = visited_states(occurrences, empty_state)
    chain = markov_chain.jump_chain(transition_counts(moves, states))
    members = [states[index] for index in chain.members]
    stays = _stays(occurrences, members, empty_state)
    return JumpStatistics(
        states=members,
        stationary=markov_chain.stationary_distribution(chain.matrix),
        coverage=chain.coverage,
        recurrent=chain.recurrent,
        mixing_time=markov_chain.mixing_time(chain.matrix),
        relaxation_time=markov_chain.relaxation_time(chain.matrix),
        entropy_rate=markov_chain.entropy_rate(chain.matrix),
        entropy_rate_per_second=markov_chain.entropy_rate_per_second(chain.matrix, stays),
    )


def _stays(occurrences: pd.DataFrame, states: list[State], empty_state: bool) -> NDArray[np.float64]:
    """Mean time from entering each state to entering the next, in seconds."""
    visits = occurrences if empty_state else without_empty_state(occurrences)
    session = visits["session"].to_numpy()
    follows = session[1:] == session[:-1]
    place = {state: index for index, state in enumerate(states)}
    left = np.array([place.get(state, len(states)) for state in visits["state"].iloc[:-1][follows]], np.int64)
    stays = np.diff(visits["start"].to_numpy(np.float64))[follows]
    total, count = (np.bincount(left, weights, len(states) + 1)[:-1] for weights in (stays, None))
    return total / count
