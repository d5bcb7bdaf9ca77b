"""
Parameters under a perturbation
===============================

External rate and arousal of each population before a perturbation and at its strongest.

The shipped configuration ``perturbed`` changes both of the first five clusters.
"""

from neuro_mod import StageSNNSimulation

outputs = StageSNNSimulation("perturbed").run(duration_sec=0.1)
figure = outputs.plot("effective_parameters")
