"""Perturbations: vectors in cluster space that change parameters in time."""

from neuro_mod.core.perturbations.circulant import CirculantPerturbation
from neuro_mod.core.perturbations.time_courses import Diff2Exp, Gaussian, Hat, Ramp, Sampled, Sine, TimeCourse
from neuro_mod.core.perturbations.timed import TimedPerturbation
from neuro_mod.core.perturbations.vectorial import VectorialPerturbation

__all__ = [
    "CirculantPerturbation",
    "Diff2Exp",
    "Gaussian",
    "Hat",
    "Ramp",
    "Sampled",
    "Sine",
    "TimeCourse",
    "TimedPerturbation",
    "VectorialPerturbation",
]
