"""
States of a hidden Markov model
===============================

Spikes of the clusters under a band of the states of a hidden Markov model that was fitted to their spike counts.

The model needs no threshold. Times at which no state is probable enough stay blank.
"""

from neuro_mod import Analyzer, StageSNNSimulation

analyzer = Analyzer(StageSNNSimulation("small", random_seed=1).run(duration_sec=20))
analyzer.fit_hidden_markov(7, n_restarts=2, max_restarts=4)
figure = analyzer.plot("hidden_states")
