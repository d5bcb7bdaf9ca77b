"""
Transitions of a hidden Markov model
====================================

States of a hidden Markov model as discs whose area is their share of time, and the transitions between them as arrows.
"""

from neuro_mod import Analyzer, StageSNNSimulation

analyzer = Analyzer(StageSNNSimulation("small", random_seed=1).run(duration_sec=20))
analyzer.fit_hidden_markov(7, n_restarts=2, max_restarts=4)
figure = analyzer.plot("hidden_transition_graph")
