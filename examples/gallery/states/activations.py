"""
Activations and the intervals between them
==========================================

Survival curves of the times for which single clusters are active, and of the intervals until they are active again.
"""

from neuro_mod import Analyzer, StageSNNSimulation

outputs = StageSNNSimulation("medium", random_seed=1).run(duration_sec=30)
figure = Analyzer(outputs).plot("activations")
