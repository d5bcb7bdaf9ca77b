"""
Figures for a talk
==================

The raster of spikes in the style for slides, with larger type and lines than in a paper.

The style can be chosen for one figure, ``plot(..., style="talk")``, or for all figures of a ``with`` block.
"""

from neuro_mod import StageSNNSimulation, plotting

outputs = StageSNNSimulation("small", random_seed=1).run(duration_sec=3)
with plotting.in_style("talk"):
    figure = outputs.plot("raster")
