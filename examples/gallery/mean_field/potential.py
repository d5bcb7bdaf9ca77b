"""
Potential along a path
======================

Potential along the path of minimum force through the steady states of two clusters: two wells and a barrier between
them.

The force is not a gradient, so that a potential exists only along a given path.
"""

from neuro_mod import ReducedMeanFieldStager

stager = ReducedMeanFieldStager("two_clusters")
landscape = stager.run(focus_pops=["E0", "E1"], grid_density=1.0, grid_lims=(0.0, 60.0))
figure = landscape.plot("potential")
