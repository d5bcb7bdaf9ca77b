"""
Variability around a stimulus
=============================

Fano factors of spike counts over trials around the onset of a stimulus, raw and mean-matched, in sliding windows.

The raw curve drops. The mean-matched one leaves out what follows from the change of the rates alone: in these few
trials, all of it.
"""

from neuro_mod import Analyzer, StageSNNSimulation, plotting

stimulus = "stimulus={onsets: [0.5], amplitude: 0.1, amplitude_unit: relative, clusters: [0, 1, 2, 3, 4, 5]}"
stager = StageSNNSimulation("published", overrides=[stimulus])
trials = [stager.run(duration_sec=1, record=["spikes"], noise_seed=seed) for seed in range(12)]
epochs = Analyzer(trials).epochs("stimulus", before=0.4, after=0.4)
figure = plotting.fano_in_time(epochs.fano(window_ms=100, step_ms=20, mean_matched=True))
