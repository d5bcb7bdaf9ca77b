"""Checks that involve more than one value."""

from __future__ import annotations

from neuro_mod.config.cross_checks.draft import Draft, UnavailableError
from neuro_mod.config.cross_checks.mean_field import MEAN_FIELD
from neuro_mod.config.cross_checks.network import NETWORK
from neuro_mod.config.cross_checks.perturbation import PERTURBATIONS
from neuro_mod.config.cross_checks.stimulus import STIMULUS
from neuro_mod.errors import Problem


def cross_check(draft: Draft) -> list[Problem]:
    """Run every check whose inputs are valid."""
    problems: list[Problem] = []
    for check in (*NETWORK, *MEAN_FIELD, *STIMULUS, *PERTURBATIONS):
        try:
            problems += check(draft)
        except UnavailableError:
            continue
    return problems
