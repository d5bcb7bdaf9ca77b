"""
Fig. S5: how many clusters are active
=====================================

Rates of active clusters over the potentiation of weights within clusters in the mean field and in simulations, and the
probability of each number of active clusters at three levels of arousal.

There are 4 trials of 2.5 s at each of 6 potentiations and 3 levels of arousal here, instead of 20 or 150 at 11.
"""

import matplotlib.pyplot as plt
import numpy as np

from neuro_mod import BifurcationStager, run_sweep, sweep_runs

coupling = "architecture.clusters.j_potentiated[0]"
published = {"method": "network_gain", "threshold_hz": 0.0, "minimal_lifespan_ms": 0.0}
colours = {n: f"C{n - 2}" for n in range(2, 7)}
sweep = {
    "config": "published",
    "set": {"init_params.duration_sec": 2.5},
    "repeats": 4,
    "fix_network": True,
    "noise": "independent",
    "measures": ["rates"],
    "keep_spikes": True,
}
run_sweep(sweep | {"parameters": {coupling: {"from": 12, "to": 19.5, "n": 6}}}, "simulations/coupling")
run_sweep(sweep | {"parameters": {"arousal.level": [0, 0.4, 1]}}, "simulations/arousal")
figure, (theory, simulated, probability) = plt.subplots(1, 3, figsize=(7.5, 2.8), layout="constrained")

for branch in BifurcationStager("published").run(coupling, (12.0, 19.5), n_active=list(colours))["diagram"].branches:
    if len(branch.active) in colours:
        rate = np.where(branch.stable, branch.rates[:, :18].max(axis=1), np.nan)
        theory.plot(branch.parameter, rate, color=colours[len(branch.active)])
for factor, runs in sweep_runs("simulations/coupling").by(coupling):
    table = runs.analyzer(**published).active_rates(0.2, -0.1)
    for n, row in table.loc[(table["probability"] >= 0.2) & table.index.isin(colours)].iterrows():
        simulated.errorbar(factor, row["active_hz"], row["active_hz_standard_error"], marker="o", color=colours[n])
for level, runs in sweep_runs("simulations/arousal").by("arousal.level"):
    table = runs.analyzer(**published).active_rates(0.2, -0.1)
    errors = table["probability_standard_error"]
    probability.errorbar(table.index, table["probability"], errors, marker="o", label=f"arousal {level:g}")

theory.set(title="mean field, stable states", xlabel="E→E factor in clusters", ylabel="rate of active E clusters (Hz)")
simulated.set(title="simulations", xlabel="E→E factor in clusters", ylabel="rate of active E clusters (Hz)")
probability.set(title="simulations", xlabel="active clusters", ylabel="probability", ylim=(0, 0.8))
theory.legend(
    [plt.Line2D([], [], color=each) for each in colours.values()], [f"{n} active" for n in colours], frameon=False
)
probability.legend(frameon=False)
for axes in (theory, simulated):
    axes.set(xlim=(11.7, 19.8), ylim=(0, 105))

# %%
# In full
# -------
#
# This is what ``make paper`` draws in a checkout, from 20 to 150 trials at each level:
#
# .. image:: ../../../examples/papers/papadopoulos_2024/figures/figS5.png
#    :alt: Figure S5 in full: rates and numbers of active clusters over potentiation and arousal.
