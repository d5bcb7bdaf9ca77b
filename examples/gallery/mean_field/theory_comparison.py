"""
Theories and simulation
=======================

Rates of active clusters, inactive clusters and backgrounds by four mean-field theories, as multiples of the settled
rates of simulations.

The grey bars are standard errors of the settled rates.
"""

from neuro_mod import compare, load_experiment

experiment = load_experiment("small", ["init_params.duration_sec=10"])
figure = compare(experiment, n_trials=2).plot("rate_comparison")
