"""
Sections of a landscape
=======================

Force on the rates of two clusters and the E background in planes through a steady state.

A landscape of more than two populations is shown by sections.
"""

from neuro_mod import ReducedMeanFieldStager

stager = ReducedMeanFieldStager("two_clusters")
landscape = stager.run(focus_pops=["E0", "E1", "E_background"], grid_density=4.0, grid_lims=(0.0, 60.0))
figure = landscape.plot("sections")
