"""Fig. S6: irregularity of spikes (A) and their power spectra (B, C) over arousal.

They are of the last 2.5 s of spontaneous trials, and of neurons in clusters with at least 1 Hz at every level.
"""

import numpy as np
import pandas as pd
from panels import FOLDER, LEVEL, curve, draw

from neuro_mod import sweep_runs

LAST = -2.5
SHOWN, LOW = (1.0, 30.0), (1.0, 4.0)

levels = {level: runs.analyzer() for level, runs in sweep_runs(FOLDER / "spontaneous").by(LEVEL)}
tables = {level: analyzer.neuron_table(t_from=LAST) for level, analyzer in levels.items()}
background = tables[min(levels)]["cluster"].isin([18, 37])
chosen = ~background & (pd.DataFrame({level: each["rate_hz"] for level, each in tables.items()}) >= 1).all(axis=1)


def over_neurons(values):
    """Mean over the chosen neurons and its standard error."""
    known = np.asarray(values)[chosen]
    known = known[np.isfinite(known)]
    return known.mean(), known.std() / np.sqrt(len(known))


def irregularity(column):
    """A column of the tables over arousal."""
    return curve([(level, *over_neurons(table[column])) for level, table in tables.items()])


spectra = {level: analyzer.spike_spectra(t_from=LAST) for level, analyzer in levels.items()}
shown = {level: spectra[level] for level in (min(levels), 0.4, max(levels))}
courses = {}
for level, each in shown.items():
    inside = (each.frequencies >= SHOWN[0]) & (each.frequencies <= SHOWN[1])
    mean = each.per_neuron[inside][:, chosen].mean(axis=1)
    courses[f"arousal {level:g}"] = curve(list(zip(each.frequencies[inside], mean, strict=True)))
low = curve([(level, *over_neurons(each.in_band(*LOW))) for level, each in spectra.items()])

draw(
    "figS6",
    {
        "A  spontaneous": (
            "arousal level",
            "CV of intervals",
            {"all trials": irregularity("cv_pooled"), "each trial": irregularity("cv_per_session")},
        ),
        "B  spontaneous": ("frequency (Hz)", "power over that of Poisson", courses),
        "C  from 1 to 4 Hz": ("arousal level", "power over that of Poisson", {"": low}),
    },
)
