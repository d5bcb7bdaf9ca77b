"""
Lifetimes of states
===================

Survival curves of states by their number of active clusters, with 95 % confidence bands.

The curve is the share of visits that last longer than a time. Strokes are visits whose end was not seen.
"""

from neuro_mod import Analyzer, StageSNNSimulation

outputs = StageSNNSimulation("medium", random_seed=1).run(duration_sec=30)
figure = Analyzer(outputs).plot("lifetimes")
