"""A sweep described in YAML: one configuration, the parameters that vary, and what is measured at each point."""

from neuro_mod.config.sweep.loading import Sweep, is_sweep, load_sweep, sweep_of
from neuro_mod.config.sweep.points import Point, Points

__all__ = ["Point", "Points", "Sweep", "is_sweep", "load_sweep", "sweep_of"]
