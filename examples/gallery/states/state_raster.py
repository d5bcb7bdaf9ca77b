"""
Raster with its states
======================

Spikes of the clusters over three seconds below a band that names the state at each time.

A state is the set of clusters that are active. It changes whenever a cluster becomes active or inactive.
"""

from neuro_mod import Analyzer, StageSNNSimulation

outputs = StageSNNSimulation("default", random_seed=1).run(duration_sec=3)
figure = Analyzer(outputs).plot("raster")
