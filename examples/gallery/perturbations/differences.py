"""
Effect of a perturbation on rates
=================================

Mean difference of the rates of two perturbed clusters between pairs of runs with and without a perturbation, with its
standard error.

Both runs of a pair have the same noise, so that the difference is small until they part.
"""

from neuro_mod import StageSNNSimulation, run_pairs

rate = (
    "{vectors: [[1, -1]], involved_clusters: [E0, E1], params: [0.5], time_dependence: {shape: hat, onset_time: 0.3}}"
)
overrides = ["init_params.duration_sec=1.3", f"perturbation={{rate: {rate}}}"]
pairs = run_pairs(StageSNNSimulation("small", overrides=overrides), n_trials=40)
figure = pairs.plot("differences")
