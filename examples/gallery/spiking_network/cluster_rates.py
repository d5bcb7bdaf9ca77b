"""
Rates of all clusters
=====================

Firing rates of all populations over two seconds as a map: bright stretches are active clusters.

A row is the mean rate of one population, smoothed in time. The I cluster of an active E cluster is active, too.
"""

from neuro_mod import StageSNNSimulation

outputs = StageSNNSimulation("default", random_seed=1).run(duration_sec=2)
figure = outputs.plot("rates")
