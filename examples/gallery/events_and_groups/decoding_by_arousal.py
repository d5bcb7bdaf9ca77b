"""
Decoding over arousal
=====================

Accuracy of decoding a stimulus after its onset over the level of arousal, with standard errors over ensembles, and the
chance level.
"""

import pandas as pd

from neuro_mod import plotting, run_sweep, sweep_runs

sweep = {
    "config": "published",
    "set": {
        "init_params.duration_sec": 0.6,
        "stimulus.onsets": [0.3],
        "stimulus.amplitude": 0.05,
        "stimulus.amplitude_unit": "relative",
    },
    "parameters": {"arousal.level": [0, 0.3, 0.6, 0.9], "stimulus.clusters": [[0, 1, 2], [6, 7, 8]]},
    "repeats": 8,
    "fix_network": True,
    "noise": "independent",
    "measures": ["rates"],
    "keep_spikes": True,
}
run_sweep(sweep, "simulations/stimuli_by_arousal")
tables = []
for level, runs in sweep_runs("simulations/stimuli_by_arousal").by("arousal.level"):
    epochs = runs.epochs("stimulus.clusters", before=0, after=0.2)
    decoding = epochs.decode(n_neurons=50, window_ms=200, n_ensembles=4, folds=4)
    tables.append(decoding.table.assign(**{"arousal.level": level}))
figure = plotting.accuracy_by(pd.concat(tables), "arousal.level", label="arousal level")
