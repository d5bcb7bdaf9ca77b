"""
Matrix of transitions
=====================

Which state (row) is followed by which (column): the darker, the more probable, at the lower end of a 95 % confidence
interval.

States that were left too seldom to tell are pale.
"""

from neuro_mod import Analyzer, StageSNNSimulation

outputs = StageSNNSimulation("small", random_seed=1).run(duration_sec=60)
figure = Analyzer(outputs).plot("transition_matrix")
