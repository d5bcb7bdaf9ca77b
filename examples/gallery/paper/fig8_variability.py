"""
Fig. 8: variability over trials
===============================

Fano factors of spike counts before a stimulus and at their least after it, and the difference between both, over
arousal.

There are 12 trials of each of 2 stimuli at 5 levels of arousal here, instead of 30 of each of 5 at 11 levels.
"""

import matplotlib.pyplot as plt

from neuro_mod import run_sweep, sweep_runs

sweep = {
    "config": "published",
    "set": {
        "init_params.duration_sec": 1.2,
        "stimulus.onsets": [0.6],
        "stimulus.stimulus_shape": "diff2exp",
        "stimulus.tau_rise": 0.075,
        "stimulus.tau_decay": 0.1,
        "stimulus.amplitude": 0.05,
        "stimulus.amplitude_unit": "relative",
        "stimulus.stimulated_clusters_prob": 0.5,
        "stimulus.stimulated_neuron_prob": 0.5,
    },
    "parameters": {"arousal.level": [0, 0.2, 0.4, 0.7, 1], "stimulus.seed": [1, 2]},
    "repeats": 12,
    "fix_network": True,
    "noise": "independent",
    "measures": ["rates"],
    "keep_spikes": True,
}
run_sweep(sweep, "simulations/stimuli")
figure, panels = plt.subplots(1, 3, figsize=(7.5, 2.6), layout="constrained")
for level, runs in sweep_runs("simulations/stimuli").by("arousal.level"):
    epochs = runs.epochs("stimulus.seed", before=0.1, after=0.6)
    least = epochs.fano(window_ms=100, step_ms=20).set_index("time")["fano"][0.05:].idxmin()
    found = epochs.quenching(100, spontaneous=(-0.1, 0.0), evoked=(least - 0.05, least + 0.05))
    values = (found.before, found.after, found.difference)
    errors = (found.before_standard_error, found.after_standard_error, found.standard_error)
    for axes, value, error in zip(panels, values, errors, strict=True):
        axes.errorbar(level, value, error, marker="o", color="C0")
titles = ("before the stimulus", "least after the onset", "quenching")
for axes, title, label in zip(panels, titles, ("Fano factor", "Fano factor", "difference"), strict=True):
    axes.set(title=title, xlabel="arousal level", ylabel=label)

# %%
# In full
# -------
#
# This is what ``make paper`` draws in a checkout, from 150 trials at each level:
#
# .. image:: ../../../examples/papers/papadopoulos_2024/figures/fig8.png
#    :alt: Figure 8 in full: Fano factors before and after a stimulus over eleven levels of arousal.
