"""Capacity: how well modes tell the states of a vocabulary apart, over their number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.checks import whole_number
from neuro_mod.choices import Competitors
from neuro_mod.core.control.modes import RoundedModes, projector_of, random_margins, rounded_modes
from neuro_mod.core.control.semidefinite import relaxed_projector
from neuro_mod.core.control.swaps import Differences, Swaps, response_differences, state_differences, swaps_of
from neuro_mod.core.control.vocabulary import Vocabulary
from neuro_mod.core.cores import one_thread
from neuro_mod.errors import invalid
from neuro_mod.summaries import ShownFields

#: Subspaces that modes are compared with, and from which their search begins.
N_RANDOM, N_STARTS = 200, 16
#: A direction within the modes that is shorter than this is none.
_ZERO = 1e-9


@dataclass(frozen=True, eq=False, repr=False)
class Subspace(ShownFields):
    """What M modes can do.

    Attributes:
        n_modes: Their number M.
        relaxed: The solution Pi of the semidefinite program, shape ``(n, n)``.
        optimum: Its margin; no M modes have a larger one.
        rounded: Modes that were found from it, and their margin.
        random: Margins of random subspaces of M modes, shape ``(n_random,)``.
        isotropic: Margin of Pi = (M / n) 1, which favours no direction.
    """

    n_modes: int
    relaxed: NDArray[np.float64]
    optimum: float
    rounded: RoundedModes
    random: NDArray[np.float64]
    isotropic: float

    @property
    def reached(self) -> float:
        """Margin of the modes in parts of the optimum of the program."""
        return self.rounded.margin / self.optimum


@dataclass(frozen=True, eq=False, repr=False)
class Directions(ShownFields):
    """For each state the direction within the modes that favours it.

    Attributes:
        vectors: ``Pi x_S`` with norm 1, shape ``(n_states, n)``; 0 where the modes have no part of x_S.
        reach: Norm of ``Pi x_S`` in parts of that of x_S, shape ``(n_states,)``.
        margins: The smallest d' Pi d of the swaps of each state, shape ``(n_states,)``; NaN where it has none.
    """

    vectors: NDArray[np.float64]
    reach: NDArray[np.float64]
    margins: NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Capacity(ShownFields):
    """Margins over the number of modes.

    Attributes:
        vocabulary: The states.
        swaps: Pairs of states that have to be told apart.
        differences: What has to be told apart for each.
        targets: What modes aim at for each state: x_S, or its responses G[S], shape ``(n_states, n)``.
        measured: Whether these are responses.
        subspaces: One for each number of modes, ascending.
    """

    vocabulary: Vocabulary
    swaps: Swaps
    differences: Differences
    targets: NDArray[np.float64]
    measured: bool
    subspaces: tuple[Subspace, ...]

    @property
    def n(self) -> int:
        """Dimension of the space: clusters, or populations with measured responses."""
        return self.targets.shape[1]

    @cached_property
    def closed_form(self) -> NDArray[np.float64] | None:
        """The optimum ``(2 / k) min(1, M / (C - 1))`` for each number of modes; None where it does not hold.

        It holds for states as vectors of 0 and 1, some swap of which exchanges i and j for each pair of clusters: the
        program is then symmetric under permutations of the clusters, and ``Pi = M / (C - 1) (1 - 11' / C)`` solves it.
        """
        n_clusters = self.vocabulary.n_clusters
        if self.measured or len(self.differences.vectors) < n_clusters * (n_clusters - 1) // 2:
            return None
        return np.array([closed_form(n_clusters, self.vocabulary.n_active, each.n_modes) for each in self.subspaces])

    def directions(self, subspace: Subspace) -> Directions:
        """The direction for each state within rounded modes."""
        projector = projector_of(subspace.rounded.modes)
        found = self.targets @ projector
        norms = np.linalg.norm(found, axis=1)
        reach = norms / np.linalg.norm(self.targets, axis=1)
        vectors = np.where(reach[:, None] > _ZERO, found / np.where(norms > 0, norms, 1)[:, None], 0.0)
        margins = self.differences.state_margins(projector, self.swaps, len(self.vocabulary))
        return Directions(vectors, reach, margins)

    def hardest_swap(self, subspace: Subspace) -> int:
        """Index of a swap of which the rounded modes have the least."""
        strengths = self.differences.strengths(projector_of(subspace.rounded.modes))
        return int(np.argmin(strengths[self.differences.of_swap]))


def closed_form(n_clusters: int, n_active: int, n_modes: int) -> float:
    """The optimum of the program for all states of k out of C clusters, ``(2 / k) min(1, M / (C - 1))``."""
    return 2 / n_active * min(1.0, n_modes / (n_clusters - 1))


def capacity(
    vocabulary: Vocabulary,
    modes: Sequence[int],
    responses: ArrayLike | None = None,
    *,
    competitors: Competitors = "vocabulary",
    n_random: int = N_RANDOM,
    n_starts: int = N_STARTS,
    seed: int = 0,
    report: Callable[[int], object] = lambda _: None,
) -> Capacity:
    """How well M modes tell the states of a vocabulary apart, for several M.

    The margin of a subspace with projector Pi is the smallest d' Pi d over the pairs of states that differ by one swap,
    with ``d = (x_S - x_S') / sqrt(k)``, or the difference of measured responses scaled to the same norm. It is at most
    2 / k. The semidefinite program gives an upper bound on it; modes are rounded from its solution.

    Args:
        vocabulary: The states.
        modes: Numbers M of modes, each from 1 to the dimension of the space.
        responses: G[S, a], the response of log p(S) to a shift of each population, shape ``(n_states, P)``; None for
            states as vectors of 0 and 1 over clusters.
        competitors: What each state has to be told from: states of the ``vocabulary``, or ``all`` of its size.
        n_random: Number of random subspaces beside it.
        n_starts: From how many subspaces the search for modes begins.
        seed: Root seed of all of these.
        report: Called with the number of M done.

    Raises:
        InputError: No two states differ by one swap, or an argument is not valid.
        ImportError: cvxpy or Clarabel is missing.
        NumericalError: A program was not solved.

    Examples:
        >>> from neuro_mod import Vocabulary, capacity
        >>> found = capacity(Vocabulary.all_states(6, 2), [2, 5], n_random=10)
        >>> [round(each.optimum, 6) for each in found.subspaces]
        [0.4, 1.0]
    """
    swaps = swaps_of(vocabulary, competitors)
    if responses is None:
        targets, differences = vocabulary.vectors, state_differences(vocabulary, swaps)
    else:
        targets = np.asarray(responses, np.float64)
        differences = response_differences(vocabulary, swaps, targets)
    n = targets.shape[1]
    for number in modes:
        whole_number("modes", number, 1, n, f"the space has {n} {'clusters' if responses is None else 'populations'}")
    if not modes:
        raise invalid("modes", [], "at least one number of modes")
    whole_number("n_random", n_random, 1)
    whole_number("n_starts", n_starts, 1)
    found = []
    with one_thread():
        for done, n_modes in enumerate(sorted(set(modes))):
            report(done)
            found.append(_subspace(differences, n_modes, n_random, n_starts, seed))
            report(done + 1)
    return Capacity(vocabulary, swaps, differences, targets, responses is not None, tuple(found))


def _subspace(differences: Differences, n_modes: int, n_random: int, n_starts: int, seed: int) -> Subspace:
    relaxed, n = relaxed_projector(differences, n_modes), differences.vectors.shape[1]
    return Subspace(
        n_modes,
        relaxed,
        differences.margin(relaxed),
        rounded_modes(relaxed, differences, n_modes, n_starts=n_starts, seed=seed),
        random_margins(differences, n_modes, n_random, seed),
        differences.margin(np.eye(n) * n_modes / n),
    )
