"""YAML text to one validated, frozen experiment. Every parameter is defined here once."""

from neuro_mod.config.errors import ConfigError, InputError, Problem
from neuro_mod.config.experiment import Experiment
from neuro_mod.config.loading import load_experiment

__all__ = ["ConfigError", "Experiment", "InputError", "Problem", "load_experiment"]
