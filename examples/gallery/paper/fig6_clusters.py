"""
Fig. 6: active clusters over arousal
====================================

Rates of active and inactive clusters over arousal in the mean field and in simulations, and mean durations of
activations and of the intervals between them. Durations are of those that were seen from start to end: their means are
too short where trials are short.

There are 4 trials of 3 s at each of 5 levels of arousal here, instead of 30 of up to 5.2 s at 11 levels.
"""

import matplotlib.pyplot as plt
import numpy as np

from neuro_mod import BifurcationStager, run_sweep, sweep_runs

sweep = {
    "config": "published",
    "set": {"init_params.duration_sec": 3},
    "parameters": {"arousal.level": [0, 0.2, 0.4, 0.7, 1]},
    "repeats": 4,
    "fix_network": True,
    "noise": "independent",
    "measures": ["rates"],
    "keep_spikes": True,
}
run_sweep(sweep, "simulations/spontaneous")
figure, (theory, simulated, lasting) = plt.subplots(1, 3, figsize=(7.5, 2.6), layout="constrained")

for branch in BifurcationStager("published").run("arousal.level", (0.0, 1.0), n_active=[0, 4])["diagram"].branches:
    rates = np.where(branch.stable[:, None], branch.rates[:, :18], np.nan)
    theory.plot(branch.parameter, rates.max(axis=1), "C0")
    theory.plot(branch.parameter, rates.min(axis=1), "C1")
for level, runs in sweep_runs("simulations/spontaneous").by("arousal.level"):
    # a cluster is active above its mean over all trials, however briefly
    analyzer = runs.analyzer(method="network_gain", threshold_hz=0.0, minimal_lifespan_ms=0.0)
    table = analyzer.active_rates(0.2, -0.1)
    row, quantities = table.loc[table["probability"].idxmax()], analyzer.quantities(0.2, -0.1)
    for name, colour in (("active", "C0"), ("inactive", "C1")):
        simulated.errorbar(level, row[f"{name}_hz"], row[f"{name}_hz_standard_error"], marker="o", color=colour)
    for name, colour in (("activation", "C0"), ("interval", "C1")):
        value, error = quantities.loc[f"mean_{name}_sec", ["value", "standard_error"]]
        lasting.errorbar(level, value, error, marker="o", color=colour)

theory.set(title="mean field, 4 active", ylabel="rate of E clusters (Hz)")
simulated.set(title="simulations", ylabel="rate of E clusters (Hz)")
lasting.set(title="simulations", ylabel="mean duration (s)")
theory.legend(theory.lines[:2], ["active", "inactive"], frameon=False)
lasting.legend(lasting.lines[:2], ["activations", "intervals"], frameon=False)
figure.supxlabel("arousal level")

# %%
# In full
# -------
#
# This is what ``make paper`` draws in a checkout, from 30 to 150 trials at each level:
#
# .. image:: ../../../examples/papers/papadopoulos_2024/figures/fig6.png
#    :alt: Figure 6 in full: rates and durations over eleven levels of arousal, in the mean field and in simulations.
