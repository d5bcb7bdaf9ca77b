"""
Fig. S6: irregularity of spikes
===============================

Coefficient of variation of the intervals between spikes over arousal, and power spectra of spikes at three levels.

There are 4 trials at each of 5 levels of arousal here, instead of 30 at 11. The last 2.5 s of trials of 3.5 s count,
and neurons in clusters with at least 1 Hz at every level.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from neuro_mod import run_sweep, sweep_runs

sweep = {
    "config": "published",
    "set": {"init_params.duration_sec": 3.5},
    "parameters": {"arousal.level": [0, 0.25, 0.4, 0.7, 1]},
    "repeats": 4,
    "fix_network": True,
    "noise": "independent",
    "measures": ["rates"],
    "keep_spikes": True,
}
run_sweep(sweep, "simulations/spontaneous")
levels = {level: runs.analyzer() for level, runs in sweep_runs("simulations/spontaneous").by("arousal.level")}
tables = {level: analyzer.neuron_table(t_from=-2.5) for level, analyzer in levels.items()}
chosen = (pd.DataFrame({level: table["rate_hz"] for level, table in tables.items()}) >= 1).all(axis=1)
chosen &= ~tables[0]["cluster"].isin([18, 37])  # background

figure, (irregularity, spectra, low) = plt.subplots(1, 3, figsize=(7.5, 2.6), layout="constrained")
for level, table in tables.items():
    for column, colour in (("cv_pooled", "C0"), ("cv_per_session", "C1")):
        values = table.loc[chosen, column].dropna()
        irregularity.errorbar(level, values.mean(), values.sem(), marker="o", color=colour)
    found = levels[level].spike_spectra(t_from=-2.5)
    power = found.in_band(1.0, 4.0)[chosen]
    low.errorbar(level, np.nanmean(power), np.nanstd(power) / np.sqrt(len(power)), marker="o", color="C0")
    if level in (0, 0.4, 1):
        shown = (found.frequencies >= 1) & (found.frequencies <= 30)
        mean = np.nanmean(found.per_neuron[shown][:, chosen], axis=1)
        spectra.plot(found.frequencies[shown], mean, label=f"arousal {level:g}")
irregularity.set(xlabel="arousal level", ylabel="CV of intervals", ylim=(0, None))
irregularity.legend(irregularity.lines[:2], ["all trials", "each trial"], frameon=False)
spectra.set(xlabel="frequency (Hz)", ylabel="power over that of Poisson", ylim=(0, None))
spectra.legend(frameon=False)
low.set(xlabel="arousal level", ylabel="power from 1 to 4 Hz", ylim=(0, None))

# %%
# In full
# -------
#
# This is what ``make paper`` draws in a checkout, from 30 trials at each level:
#
# .. image:: ../../../examples/papers/papadopoulos_2024/figures/figS6.png
#    :alt: Figure S6 in full: irregularity and spectra of spikes over arousal.
