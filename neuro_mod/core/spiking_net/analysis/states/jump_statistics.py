"""Statistics of the chain of states in the order of their visits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.states import markov_chain, transitions
from neuro_mod.core.spiking_net.analysis.states.markov_chain import JumpChain
from neuro_mod.core.spiking_net.analysis.states.names import State


@dataclass(frozen=True, eq=False)
class JumpStatistics:
    """Properties of the chain of states, restricted to a strongly connected class.

    Each is computed on first use: mixing and relaxation times of thousands of states take seconds.

    Args:
        states: The states of the largest class.
        chain: The chain restricted to them.
        stays: Mean time from entering each of them to entering the next state, in seconds, shape ``(n_states,)``.
    """

    states: list[State]
    chain: JumpChain
    stays: NDArray[np.float64]

    @property
    def coverage(self) -> float:
        """Fraction of all observed transitions within the class."""
        return self.chain.coverage

    @property
    def recurrent(self) -> bool:
        """Whether it is the only class that is never left permanently."""
        return self.chain.recurrent

    @cached_property
    def stationary(self) -> NDArray[np.float64]:
        """Long-run fraction of visits of each state, shape ``(n_states,)``."""
        return markov_chain.stationary_distribution(self.chain.probabilities)

    @cached_property
    def mixing_time(self) -> float:
        """Jumps until the chain is within a quarter (total variation) of `stationary`, from every start."""
        return markov_chain.mixing_time(self.chain.matrix)

    @cached_property
    def relaxation_time(self) -> float:
        """Jumps in which the slowest deviation decays by about e."""
        return markov_chain.relaxation_time(self.chain.matrix)

    @cached_property
    def entropy_rate(self) -> float:
        """In bits per transition."""
        return markov_chain.entropy_rate(self.chain.probabilities)

    @cached_property
    def entropy_rate_per_second(self) -> float:
        """In bits per second, by `stays`."""
        return markov_chain.entropy_rate_per_second(self.chain.probabilities, self.stays)


def jump_statistics(occurrences: pd.DataFrame, *, empty_state: bool = True) -> JumpStatistics:
    """Stationary distribution, mixing time and entropy rate of the chain of states.

    Args:
        occurrences: One row per visit, ordered by session, then start.
        empty_state: Whether the state of no active cluster counts.
    """
    visits = occurrences if empty_state else transitions.without_empty_state(occurrences)
    states = transitions.visited_states(visits)
    counts = transitions.sparse_counts(transitions.transition_table(visits), states)
    chain = markov_chain.jump_chain(counts)
    members = [states[index] for index in chain.members]
    return JumpStatistics(members, chain, _stays(visits, members))


def _stays(visits: pd.DataFrame, states: list[State]) -> NDArray[np.float64]:
    session = visits["session"].to_numpy()
    follows = session[1:] == session[:-1]
    place = {state: index for index, state in enumerate(states)}
    left = np.array([place.get(state, len(states)) for state in visits["state"].iloc[:-1][follows]], np.int64)
    stays = np.diff(visits["start"].to_numpy(np.float64))[follows]
    total, count = (np.bincount(left, weights, len(states) + 1)[:-1] for weights in (stays, None))
    return total / count
