"""
Lifetimes of hidden states
==========================

Survival curves of the states of a hidden Markov model, and of the states of active clusters in the same spikes.
"""

from neuro_mod import Analyzer, StageSNNSimulation

analyzer = Analyzer(StageSNNSimulation("small", random_seed=1).run(duration_sec=20))
analyzer.fit_hidden_markov(7, n_restarts=2, max_restarts=4)
figure = analyzer.plot("hidden_lifetimes")
