"""
Graph of transitions
====================

States as discs whose area is their share of time, and the transitions between them as arrows.
"""

from neuro_mod import Analyzer, StageSNNSimulation

outputs = StageSNNSimulation("small", random_seed=1).run(duration_sec=60)
figure = Analyzer(outputs).plot("transition_graph")
