"""
Steady states
=============

Rates of all populations in each steady state of the mean field, with the stability of the state.

Every row stands for all states that follow from it by exchanging equal clusters.
"""

from neuro_mod import FullMeanFieldStager

states = FullMeanFieldStager("mean_field", overrides=["arousal.level=0"]).run(n_runs=20)
figure = states.plot("fixed_points")
