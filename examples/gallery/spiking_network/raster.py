"""
Raster of spikes
================

Spikes of all 2000 neurons over two seconds, coloured by population: a few of the 18 clusters are active at a time.

Each dot is a spike. A dense band is an active cluster; bands begin and end by themselves, as nothing in the input
changes.
"""

from neuro_mod import StageSNNSimulation

outputs = StageSNNSimulation("default", random_seed=1).run(duration_sec=2)
figure = outputs.plot("raster")
