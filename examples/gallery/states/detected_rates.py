"""
Rates with the times of activity
================================

Rate of each cluster over five seconds with its threshold; the times at which the cluster is active are shaded.

Look at this picture before you trust the detected states.
"""

from neuro_mod import Analyzer, StageSNNSimulation

outputs = StageSNNSimulation("small", random_seed=1).run(duration_sec=5)
figure = Analyzer(outputs).plot("rates")
