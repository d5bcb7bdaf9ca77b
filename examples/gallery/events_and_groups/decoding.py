"""
Decoding a stimulus over time
=============================

Share of trials whose stimulus a classifier tells from the spikes of 50 neurons, over time, and the chance level.

Ensembles of neurons are drawn at random; the band is the standard error over ensembles.
"""

from neuro_mod import plotting, run_sweep, sweep_runs

sweep = {
    "config": "published",
    "set": {
        "init_params.duration_sec": 0.8,
        "stimulus.onsets": [0.3],
        "stimulus.amplitude": 0.1,
        "stimulus.amplitude_unit": "relative",
    },
    "parameters": {"stimulus.clusters": [[0, 1, 2], [6, 7, 8]]},
    "repeats": 8,
    "fix_network": True,
    "noise": "independent",
    "measures": ["rates"],
    "keep_spikes": True,
}
run_sweep(sweep, "simulations/stimuli")
epochs = sweep_runs("simulations/stimuli").epochs("stimulus.clusters", before=0.2, after=0.4)
figure = plotting.accuracy_in_time(epochs.decode(n_neurons=50, n_ensembles=4, folds=4).table)
