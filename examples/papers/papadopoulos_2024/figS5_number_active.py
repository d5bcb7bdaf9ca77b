"""Fig. S5: active clusters over J+ in the mean field (A) and simulations (B), and their number over arousal (C)."""

import numpy as np
from panels import FOLDER, LEVEL, PUBLISHED, STEADY, curve, draw

from neuro_mod import BifurcationStager, sweep_runs

CONFIG = "configs/published_snn_params.yaml"
COUPLING = "architecture.clusters.j_potentiated[0]"
#: Numbers of active clusters, and the least share of the time of those that are drawn.
NUMBERS, LEAST = range(2, 8), 0.2
RATE, AXES = "rate of active E clusters (Hz)", "E\N{RIGHTWARDS ARROW}E factor within clusters"

theory = {f"{n} active": [] for n in NUMBERS}
for branch in BifurcationStager(CONFIG).run(COUPLING, (12.0, 19.5), n_active=list(NUMBERS))["diagram"].branches:
    if branch.active:
        stable = np.where(branch.stable, branch.rates[:, :18].max(axis=1), np.nan)
        theory[f"{len(branch.active)} active"] += [*zip(branch.parameter, stable, strict=True), (np.nan, np.nan)]

simulated = {f"{n} active": [] for n in NUMBERS}
for factor, runs in sweep_runs(FOLDER / "coupling").by(COUPLING):
    table = runs.analyzer(**PUBLISHED).active_rates(*STEADY)
    often = table.where(table["probability"] >= LEAST)
    for n in NUMBERS:
        simulated[f"{n} active"].append((factor, often["active_hz"][n], often["active_hz_standard_error"][n]))

probability = {}
for level, runs in sweep_runs(FOLDER / "stimuli_clustered").by(LEVEL):
    if level in {0, 0.2, 0.3, 0.4, 0.5, 1}:
        table = runs.analyzer(**PUBLISHED).active_rates(*STEADY)
        errors = table["probability_standard_error"]
        probability[f"{level:g}"] = curve(list(zip(table.index, table["probability"], errors, strict=True)))

draw(
    "figS5",
    {
        "A  mean field, stable states": (AXES, RATE, {name: curve(points) for name, points in theory.items()}),
        "B  simulations": (AXES, RATE, {name: curve(points) for name, points in simulated.items()}),
        "C  simulations, by arousal": ("active clusters", "probability", probability),
    },
)
