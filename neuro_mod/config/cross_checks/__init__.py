"""Checks that involve more than one value."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from neuro_mod.config.cross_checks import drive, network, neurons
from neuro_mod.config.cross_checks.draft import Draft, UnavailableError
from neuro_mod.config.cross_checks.perturbation import PERTURBATIONS
from neuro_mod.errors import Problem

_CHECKS: tuple[Callable[[Draft], Iterator[Problem]], ...] = (
    neurons.time_step,
    *neurons.LENGTHS,
    neurons.threshold_above_reset,
    network.excitatory_fit,
    network.inhibitory_derived,
    network.populations_derived,
    network.exact_division,
    network.sign_of_weights,
    network.depression,
    drive.inhibitory_source,
    drive.rise_before_decay,
    *PERTURBATIONS,
)


def cross_check(draft: Draft) -> list[Problem]:
    """Run every check whose inputs are valid."""
    problems: list[Problem] = []
    for check in _CHECKS:
        try:
            problems += check(draft)
        except UnavailableError:
            continue
    return problems
