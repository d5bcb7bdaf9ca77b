"""Fig. 5: how well stimuli can be told apart, by single neurons (C, D) and by ensembles of 160 (E, F).

C and E are of the network with clusters, D and F of the one without. d' of two stimuli is averaged over neurons and
pairs of stimuli; the largest over windows of 100 ms counts. So does the largest cross-validated accuracy.
"""

from itertools import combinations

import numpy as np
from panels import FOLDER, LEVEL, STIMULUS, curve, draw

from neuro_mod import sweep_runs

N_ENSEMBLES = 3
AXES = "arousal level"


def d_prime(epochs, window):
    """Mean over pairs of stimuli and neurons, and its standard error over pairs."""
    pairs = combinations(epochs.conditions, 2)
    means = [epochs.d_prime("neurons", window, conditions=pair)["d_prime"].abs().mean() for pair in pairs]
    return np.mean(means), np.std(means) / np.sqrt(len(means))


panels, peaks = {}, {}
for network, names in {"clustered": ("C", "E"), "homogeneous": ("D", "F")}.items():
    of_neurons, of_ensembles, peaks[network] = [], [], []
    for level, runs in sweep_runs(FOLDER / f"stimuli_{network}").by(LEVEL):
        epochs = runs.epochs(STIMULUS, before=0.0, after=0.4)
        of_neurons.append((level, *max(d_prime(epochs, (begin, begin + 0.1)) for begin in np.arange(0.0, 0.31, 0.05))))
        decoding = epochs.decode(n_neurons=160, n_ensembles=N_ENSEMBLES).table
        best = decoding.loc[decoding["accuracy"].idxmax()]
        # of that many trials, as the error over ensembles does not know other trials
        error = np.sqrt(best["accuracy"] * (1 - best["accuracy"]) / len(epochs))
        of_ensembles.append((level, best["accuracy"], error))
        peaks[network].append((level, best["time"] + 0.05))
    panels[f"{names[0]}  {network}"] = (AXES, "mean |d'| of neurons", {"": curve(of_neurons)})
    panels[f"{names[1]}  {network}"] = (AXES, "accuracy, chance 0.2", {"": curve(of_ensembles)})
draw("fig5", dict(sorted(panels.items())))
curves = {network: curve(points) for network, points in peaks.items()}
draw("fig5_peaks", {"end of the best window": (AXES, "time after the onset (s)", curves)})
