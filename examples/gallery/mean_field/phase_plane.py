"""
Phase plane of two clusters
===========================

Force on the rates of two clusters, the lines on which one of them does not change, and the steady states where they
cross.

All other populations are in equilibrium with these two. The line between the states is the path of minimum force.
"""

from neuro_mod import ReducedMeanFieldStager

stager = ReducedMeanFieldStager("two_clusters")
landscape = stager.run(focus_pops=["E0", "E1"], grid_density=1.0, grid_lims=(0.0, 60.0))
figure = landscape.plot("phase_plane")
