"""Fig. S6A: irregularity of spikes over arousal, of neurons in clusters with at least 1 Hz at every level."""

import numpy as np
import pandas as pd
from panels import FOLDER, LEVEL, curve, draw

from neuro_mod import sweep_runs

levels = sweep_runs(FOLDER / "spontaneous").by(LEVEL)
tables = {level: runs.analyzer().neuron_table(t_from=-2.5) for level, runs in levels}
one = next(iter(tables.values()))
background = one["cluster"].isin([18, 37])
chosen = ~background & (pd.DataFrame({level: each["rate_hz"] for level, each in tables.items()}) >= 1).all(axis=1)


def over_neurons(column):
    """Mean of a column over the chosen neurons at each level, with its standard error."""
    values = {level: table.loc[chosen, column].dropna() for level, table in tables.items()}
    return curve([(level, each.mean(), each.std() / np.sqrt(len(each))) for level, each in values.items()])


curves = {"all trials": over_neurons("cv_pooled"), "each trial": over_neurons("cv_per_session")}
draw("figS6", {"A  spontaneous": ("arousal level", "CV of intervals", curves)})
