"""
Bifurcation diagram
===================

Rates of E clusters in steady states over the potentiation of E→E weights: solid where stable, with the critical points.
"""

from neuro_mod import BifurcationStager

stager = BifurcationStager("mean_field", overrides=["arousal.level=0"])
branches = stager.run("architecture.clusters.j_potentiated[0]", (14.5, 17.0), n_active=[0, 1, 3, 5])
figure = branches.plot("bifurcation")
