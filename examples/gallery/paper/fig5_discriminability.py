"""
Fig. 5: how well stimuli can be told apart
==========================================

Difference of the responses of single neurons to two stimuli (d'), and accuracy of decoding the stimulus from 160
neurons, over arousal, in the network with clusters and in the one without.

There are 16 trials of each of 2 stimuli at 3 levels of arousal here, instead of 30 of each of 5 at 11 levels. Errors of
decoding are binomial; those of d' need more stimuli.
"""

import matplotlib.pyplot as plt
import numpy as np

from neuro_mod import run_sweep, sweep_runs

figure, panels = plt.subplots(2, 2, sharex=True, sharey="row", figsize=(6, 4.5), layout="constrained")
for (of_neurons, of_ensemble), network in zip(panels.T, ("published", "homogeneous"), strict=True):
    sweep = {
        "config": network,
        "set": {
            "init_params.duration_sec": 0.9,
            "stimulus.onsets": [0.5],
            "stimulus.stimulus_shape": "diff2exp",
            "stimulus.tau_rise": 0.075,
            "stimulus.tau_decay": 0.1,
            "stimulus.amplitude": 0.05,
            "stimulus.amplitude_unit": "relative",
            "stimulus.stimulated_clusters_prob": 0.5,
            "stimulus.stimulated_neuron_prob": 0.5,
        },
        "parameters": {"arousal.level": [0, 0.4, 1], "stimulus.seed": [1, 2]},
        "repeats": 16,
        "fix_network": True,
        "noise": "independent",
        "measures": ["rates"],
        "keep_spikes": True,
    }
    run_sweep(sweep, f"simulations/{network}")
    for level, runs in sweep_runs(f"simulations/{network}").by("arousal.level"):
        epochs = runs.epochs("stimulus.seed", before=0.0, after=0.4)
        d_prime = epochs.d_prime("neurons", (0.1, 0.2), conditions=epochs.conditions)["d_prime"].abs().mean()
        accuracy = epochs.decode(n_neurons=160, step_ms=100).table["accuracy"].max()
        of_neurons.plot(level, d_prime, "o", color="C0")
        of_ensemble.errorbar(level, accuracy, np.sqrt(accuracy * (1 - accuracy) / len(epochs)), marker="o", color="C0")
    of_neurons.set_title(f"{network} network")
    of_ensemble.set_xlabel("arousal level")
panels[0, 0].set_ylabel("mean |d'| of neurons")
panels[1, 0].set_ylabel("accuracy, chance 0.5")

# %%
# In full
# -------
#
# This is what ``make paper`` draws in a checkout, from 150 trials at each level:
#
# .. image:: ../../../examples/papers/papadopoulos_2024/figures/fig5.png
#    :alt: Figure 5 in full: d' and accuracy of decoding over eleven levels of arousal, with clusters and without.
