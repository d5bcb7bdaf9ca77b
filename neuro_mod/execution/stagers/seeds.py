"""Seeds of repeated runs of one configuration."""

from __future__ import annotations

from neuro_mod.config import Experiment
from neuro_mod.config.perturbation import perturbation_seed
from neuro_mod.core.random import Stream


def repeat_seed(root_seed: int, index: int) -> int:
    """Seed of a repeat, counted from 0."""
    return Stream(root_seed, "repeat", (index,)).derived_seed


def with_perturbation_seeds(experiment: Experiment, root_seed: int | None = None) -> Experiment:
    """Write out the seeds of drawn perturbations, which would otherwise follow from the seed of each repeat.

    Args:
        experiment: The configuration.
        root_seed: Seed from which they follow; None for that of the configuration.
    """
    root = experiment.settings.random_seed if root_seed is None else root_seed
    seeds = {
        f"perturbation.{target}.seed": perturbation_seed(root, target)
        for target, block in experiment.perturbation.blocks.items()
        if block.follows_root_seed
    }
    return experiment.replace(seeds) if seeds else experiment
