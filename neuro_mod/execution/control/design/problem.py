"""What is to be designed: the goal, the allowed vectors, and the runs that this takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import check_choice, check_positive, whole_number
from neuro_mod.choices import DesignTarget, GoalKind, Precision, VectorNorm
from neuro_mod.config import Experiment
from neuro_mod.core.control.constraints import Constraints, allowed_perturbations
from neuro_mod.core.control.goals import LAGS, Goal, n_bins_of
from neuro_mod.core.perturbations.entries import Entries
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.analysis.rates.rates import steps_per_sample
from neuro_mod.core.spiking_net.analysis.states.names import clusters_of_state
from neuro_mod.errors import InputError, invalid
from neuro_mod.populations import EXCITATORY, Populations

_Array = NDArray[np.float64]

#: A cluster in the name of a state, with or without its type, and a range of populations.
_RANGE = re.compile(r"([EI])(\d+):([EI])?(\d+)")
_SWITCH = re.compile(r"switch\s+E?(\d+)\s+on")
#: Least seconds of a trial of the climb: the future that gradients expect has to fit in.
LEAST_DURATION = 5.0


@dataclass(frozen=True)
class DesignOptions:
    """Goal, budget and trials of a design.

    Args:
        make: The state, such as ``E0+E1+E2``.
        goal: ``probability``, ``occupancy``, ``duration``, or ``switch E3 on``, for which `make` may be left out.
        target: What the vector changes: ``rate`` (Hz) or ``arousal_level``.
        norm: ``l2``, ``l1`` or ``linf``.
        budget: The largest norm, in the unit of the target.
        zero_sum: Whether the entries sum to 0.
        only: Populations that may be perturbed, such as ``E0:E11,I_background``; all with neurons if empty.
        iterations: Vectors that the climb measures.
        iteration_trials: Trials of each.
        iteration_duration: Seconds of each of these, after 1 s in which the network settles.
        verify_trials: Trials of the verification, for each direction.
        verify_duration: Seconds of each of these, likewise.
        least_states: With fewer states, each with 0.2 % of the time at least, a network is not metastable.
        noise_seed: Root of the noise of all runs; None for the seed of the network.
        dtype: Precision.

    Examples:
        >>> from neuro_mod import DesignOptions
        >>> options = DesignOptions(make="E0+E1+E2", norm="linf", budget=0.1)  # at most 0.1 Hz for each population
        >>> options.goal, options.target
        ('probability', 'rate')
    """

    make: str = ""
    goal: str = "probability"
    target: DesignTarget = "rate"
    norm: VectorNorm = "l2"
    budget: float = 0.1
    zero_sum: bool = False
    only: str = ""
    iterations: int = 10
    iteration_trials: int = 80
    iteration_duration: float = 20.0
    verify_trials: int = 20
    verify_duration: float = 10.0
    least_states: int = 3
    noise_seed: int | None = None
    dtype: Precision = "float32"

    def __post_init__(self) -> None:
        check_choice("target", self.target, DesignTarget)
        check_choice("norm", self.norm, VectorNorm)
        check_choice("dtype", self.dtype, Precision)
        whole_number("iterations", self.iterations, 1)
        whole_number("iteration_trials", self.iteration_trials, 4, hint="their spread gives the errors")
        whole_number("verify_trials", self.verify_trials, 2, hint="their spread gives the errors")
        whole_number("least_states", self.least_states, 1)
        check_positive("verify_duration", self.verify_duration)
        if not self.iteration_duration >= LEAST_DURATION:
            raise invalid("iteration_duration", float(self.iteration_duration), f"at least {LEAST_DURATION:g} s")


class DesignProblem(NamedTuple):
    """A design that is ready to begin.

    Attributes:
        goal: The goal.
        constraints: Which vectors are allowed.
        free: Populations that may be perturbed.
        groups: Populations that a symmetric network could not tell apart.
    """

    goal: Goal
    constraints: Constraints
    free: list[int]
    groups: list[list[int]]


def build_problem(experiment: Experiment, options: DesignOptions, modes: _Array | None = None) -> DesignProblem:
    """Check what is asked for.

    Args:
        experiment: The configuration.
        options: What is asked for.
        modes: Vectors that span the allowed subspace, in rows, shape ``(M, P)``.

    Raises:
        InputError: There are no clusters or no such ones, constraints contradict each other, or the configuration
            already perturbs the target.
    """
    populations, init = experiment.populations, experiment.init_params
    if not populations.n_clusters or not populations.cluster_sizes[EXCITATORY]:
        hint = "a state is a set of active clusters; see architecture.clusters"
        raise InputError(f"architecture.clusters: a network without E clusters found; expected at least two; {hint}")
    if options.target in experiment.perturbation.blocks:
        hint = "remove it with --set perturbation={}, or choose another target"
        raise InputError(
            f"perturbation.{options.target}: a block found; expected none, as the design writes it; {hint}"
        )
    kind, members = _goal(options, populations)
    bin_width = steps_per_sample(init.delta_t) * init.delta_t
    goal = Goal(kind, members, populations.n_clusters, n_bins_of(LAGS.get(kind, 0.0), bin_width), bin_width)
    free = [a for a in parse_populations(options.only, populations) if populations.sizes[a]]
    constraints = allowed_perturbations(
        populations.total, options.norm, options.budget, only=free, zero_sum=options.zero_sum, modes=modes
    )
    return DesignProblem(goal, constraints, free, _groups(goal, populations))


def parse_populations(text: str, populations: Populations) -> list[int]:
    """Indices of populations, from names and ranges such as ``E0:E11,I_background``; all if the text is empty.

    Raises:
        InputError: There is no such population.
    """
    if not text.strip():
        return list(range(populations.total))
    chosen: set[int] = set()
    for part in map(str.strip, text.split(",")):
        ends = _RANGE.fullmatch(part)
        names = [part]
        if ends is not None:
            first, last = int(ends[2]), int(ends[4])
            if ends[3] not in (None, ends[1]) or last < first:
                raise invalid(f"only, in {text}", part, "a range such as E0:E11, its end included")
            names = [f"{ends[1]}{ends[2]}", f"{ends[1]}{ends[4]}"]
        places = [_index(name, text, populations) for name in names]
        chosen |= set(range(places[0], places[-1] + 1))
    return sorted(chosen)


def naive_direction(problem: DesignProblem, populations: Populations) -> _Array:
    """Plus on the members, minus on all other E clusters.

    Evenly where entries are bounded; otherwise so that all sum to 0, as the others are more.
    """
    goal, direction = problem.goal, np.zeros(populations.total)
    n_others = len(goal.others)
    direction[list(goal.members)] = 1.0
    direction[goal.others] = -1.0 if problem.constraints.norm == "linf" else -len(goal.members) / max(n_others, 1)
    return direction


def random_direction(problem: DesignProblem, populations: Populations, seed: int) -> _Array:
    """Random entries of the free populations: signs where entries are bounded, else normal."""
    direction = np.zeros(populations.total)
    own_seed = Stream(seed, "design: random direction").derived_seed
    entries = Entries(problem.constraints.norm == "linf", balance=0.5, mean=0.0, sigma=1.0, rng=None, seed=own_seed)
    direction[problem.free] = entries.draw(0, len(problem.free))
    return direction


def describe_options(options: DesignOptions, problem: DesignProblem, populations: Populations) -> dict[str, Any]:
    """What is designed, as plain data."""
    constraints = problem.constraints
    return {
        "make": problem.goal.state,
        "goal": problem.goal.kind,
        "goal_in_words": problem.goal.phrase,
        "target": options.target,
        "norm": constraints.norm,
        "budget": constraints.budget,
        "zero_sum": options.zero_sum,
        "only": [populations.names[a] for a in problem.free],
        "dimension": constraints.basis.shape[1],
    }


def _goal(options: DesignOptions, populations: Populations) -> tuple[GoalKind, tuple[int, ...]]:
    n, switch = populations.n_clusters, _SWITCH.fullmatch(options.goal.strip())
    if switch is not None:
        members = clusters_of_state(f"E{switch[1]}", n, "raise")
        if options.make and clusters_of_state(options.make, n, "make") != members:
            raise InputError(f"make: {options.make} found beside raise: {options.goal}; expected one state only")
        return "switching", members
    choices = ("probability", "occupancy", "duration")
    if options.goal not in choices:
        raise invalid("raise", options.goal, f'{", ".join(choices)}, or "switch E3 on"')
    if not options.make:
        raise InputError("make: missing; expected a state, such as E0+E1+E2")
    kind: GoalKind = "probability" if options.goal == "probability" else "occupancy"
    members = clusters_of_state(options.make, n, "make")
    if not members:
        raise invalid("make", options.make, "a state with active clusters, such as E0+E1+E2")
    return ("duration" if options.goal == "duration" else kind), members


def _groups(goal: Goal, populations: Populations) -> list[list[int]]:
    """E and I populations of members and of others, and the backgrounds, without those that have no neurons."""
    p = populations.n_clusters
    groups = [[first + c for c in clusters] for first in (0, p + 1) for clusters in (goal.members, goal.others)]
    groups += [[p], [2 * p + 1]]
    return [kept for group in groups if (kept := [a for a in group if populations.sizes[a]])]


def _index(name: str, text: str, populations: Populations) -> int:
    if name not in populations.names:
        raise invalid(f"only, in {text}", name, f"{populations.named}, or a range such as E0:E11")
    return populations.names.index(name)
