"""Fig. 7: how much more targeted clusters respond than others (B), and how much more reliably (C).

Both are taken in the 100 ms at the end of which decoding is best, see fig5_discriminability.py, which goes first.
"""

import pandas as pd
from panels import FOLDER, LEVEL, STIMULUS, curve, draw

from neuro_mod import sweep_runs

peaks = pd.read_csv(FOLDER / "figures/fig5_peaks.csv")
ends = peaks.loc[peaks["curve"] == "clustered"].set_index("x")["y"]
signal, reliability = [], []
for level, runs in sweep_runs(FOLDER / "stimuli_clustered").by(LEVEL):
    window, epochs = (ends[level] - 0.1, ends[level]), runs.epochs(STIMULUS, before=0.8, after=0.5)
    found = epochs.signal(runs.stimulated(STIMULUS), window, baseline=(-0.8, -0.1)).groups.loc["difference"]
    signal.append((level, found["signal_hz"], found["standard_error"]))
    reliability.append((level, found["reliability"], found["reliability_error"]))

draw(
    "fig7",
    {
        "B  cluster signal": ("arousal level", "targeted minus others (Hz)", {"": curve(signal)}),
        "C  cluster reliability": ("arousal level", "share responding, difference", {"": curve(reliability)}),
    },
)
