"""
Number of active clusters
=========================

Number of active clusters over time, and the share of time with each number.
"""

from neuro_mod import Analyzer, StageSNNSimulation

outputs = StageSNNSimulation("default", random_seed=1).run(duration_sec=5)
figure = Analyzer(outputs).plot("active_clusters")
