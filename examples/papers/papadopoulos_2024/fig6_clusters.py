"""Fig. 6: rates of active and inactive clusters in the mean field (A) and simulations (B); how long they last (G)."""

import numpy as np
from panels import FOLDER, LEVEL, PUBLISHED, STEADY, curve, draw

from neuro_mod import BifurcationStager, sweep_runs

CONFIG = "configs/published_snn_params.yaml"
RATE, AXES = "rate of E clusters (Hz)", "arousal level"

simulated = {"active": [], "inactive": []}
numbers = []
for level, runs in sweep_runs(FOLDER / "stimuli_clustered").by(LEVEL):
    table = runs.analyzer(**PUBLISHED).active_rates(*STEADY)
    likely = table["probability"].idxmax()
    numbers.append(int(likely))
    for name, points in simulated.items():
        points.append((level, table[f"{name}_hz"][likely], table[f"{name}_hz_standard_error"][likely]))

# steady states with as many active clusters as are most likely at the lowest level
theory = {}
for branch in BifurcationStager(CONFIG).run(LEVEL, (0.0, 1.0), n_active=[0, numbers[0]])["diagram"].branches:
    rates = np.where(branch.stable[:, None], branch.rates[:, :18], np.nan)
    for name, rate in {"active": rates.max(axis=1), "inactive": rates.min(axis=1)}.items():
        theory[name if branch.active else "uniform"] = curve(list(zip(branch.parameter, rate, strict=True)))

lasting = {"activations": [], "intervals": []}
for level, runs in sweep_runs(FOLDER / "spontaneous").by(LEVEL):
    quantities = runs.analyzer(**PUBLISHED).quantities(*STEADY)
    for name, points in lasting.items():
        points.append((level, *quantities.loc[f"mean_{name[:-1]}_sec", ["value", "standard_error"]]))

draw(
    "fig6",
    {
        f"A  mean field, {numbers[0]} active": (AXES, RATE, theory),
        "B  simulations": (AXES, RATE, {name: curve(points) for name, points in simulated.items()}),
        "G  spontaneous": (AXES, "mean duration (s)", {name: curve(points) for name, points in lasting.items()}),
    },
)
