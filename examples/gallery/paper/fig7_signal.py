"""
Fig. 7: responses of targeted clusters
======================================

How much more clusters that a stimulus targets respond than others, and how much more reliably, over arousal.

There are 10 trials of each of 2 stimuli at 5 levels of arousal here, instead of 30 of each of 5 at 11 levels; and the
window is from 0.1 to 0.2 s after the onset at all levels, instead of that in which decoding is best.
"""

import matplotlib.pyplot as plt

from neuro_mod import run_sweep, sweep_runs

sweep = {
    "config": "published",
    "set": {
        "init_params.duration_sec": 1.3,
        "stimulus.onsets": [1.0],
        "stimulus.stimulus_shape": "diff2exp",
        "stimulus.tau_rise": 0.075,
        "stimulus.tau_decay": 0.1,
        "stimulus.amplitude": 0.05,
        "stimulus.amplitude_unit": "relative",
        "stimulus.stimulated_clusters_prob": 0.5,
        "stimulus.stimulated_neuron_prob": 0.5,
    },
    "parameters": {"arousal.level": [0, 0.2, 0.4, 0.7, 1], "stimulus.seed": [1, 2]},
    "repeats": 10,
    "fix_network": True,
    "noise": "independent",
    "measures": ["rates"],
    "keep_spikes": True,
}
run_sweep(sweep, "simulations/stimuli")
figure, (signal, reliability) = plt.subplots(1, 2, figsize=(6, 2.6), layout="constrained")
for level, runs in sweep_runs("simulations/stimuli").by("arousal.level"):
    epochs = runs.epochs("stimulus.seed", before=0.8, after=0.3)
    found = epochs.signal(runs.stimulated("stimulus.seed"), (0.1, 0.2), baseline=(-0.8, -0.1)).groups.loc["difference"]
    signal.errorbar(level, found["signal_hz"], found["standard_error"], marker="o", color="C0")
    reliability.errorbar(level, found["reliability"], found["reliability_error"], marker="o", color="C0")
signal.set(title="cluster signal", xlabel="arousal level", ylabel="targeted minus others (Hz)")
reliability.set(title="cluster reliability", xlabel="arousal level", ylabel="share responding, difference")

# %%
# In full
# -------
#
# This is what ``make paper`` draws in a checkout, from 150 trials at each level:
#
# .. image:: ../../../examples/papers/papadopoulos_2024/figures/fig7.png
#    :alt: Figure 7 in full: signal and reliability of targeted clusters over eleven levels of arousal.
