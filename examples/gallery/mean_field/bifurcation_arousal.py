"""
Steady states over arousal
==========================

Rates of E clusters in steady states over the level of arousal: with more arousal, active and inactive clusters become
alike.
"""

from neuro_mod import BifurcationStager

branches = BifurcationStager("default").run("arousal.level", (0.0, 1.0), n_active=[0, 3, 4, 5])
figure = branches.plot("bifurcation")
