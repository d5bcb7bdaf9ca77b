"""
Occupancy of each cluster
=========================

Share of time in which each cluster is active, with standard errors; a line marks the mean of all clusters.

Connections are random, so that some clusters are active more often than others in the same network.
"""

from neuro_mod import Analyzer, StageSNNSimulation

outputs = StageSNNSimulation("default", random_seed=1).run(duration_sec=10)
figure = Analyzer(outputs).plot("occupancy")
