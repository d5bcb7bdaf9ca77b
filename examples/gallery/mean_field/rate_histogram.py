"""
Simulated rates beside steady states
====================================

Histogram of the simulated rates of clusters, above the rates of active and inactive clusters in the steady states of
the mean field.
"""

from neuro_mod import compare, load_experiment

experiment = load_experiment("published", ["init_params.duration_sec=5"])
figure = compare(experiment, n_trials=2, theories=["shifted/poisson"]).plot("rate_histogram")
