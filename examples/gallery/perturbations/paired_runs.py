"""
Two runs that part
==================

Spikes of two runs from the same state under the same noise, without and with a perturbation, and the difference of
their rates.

Until the perturbation begins, both runs are identical.
"""

from neuro_mod import StageSNNSimulation, run_pairs

rate = (
    "{vectors: [[1, -1]], involved_clusters: [E0, E1], params: [0.5], time_dependence: {shape: hat, onset_time: 0.3}}"
)
overrides = ["init_params.duration_sec=1.3", f"perturbation={{rate: {rate}}}"]
pairs = run_pairs(StageSNNSimulation("small", overrides=overrides), n_trials=4)
figure = pairs.plot("paired_runs")
