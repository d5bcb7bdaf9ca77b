"""
Rates around a stimulus
=======================

Mean rate of each cluster around the onset of a stimulus, with standard errors over trials; three clusters are
stimulated.
"""

from neuro_mod import Analyzer, StageSNNSimulation, plotting

stimulus = "stimulus={onsets: [0.5], amplitude: 0.1, amplitude_unit: relative, clusters: [0, 1, 2]}"
stager = StageSNNSimulation("published", overrides=[stimulus])
trials = [stager.run(duration_sec=1, record=["spikes"], noise_seed=seed) for seed in range(8)]
epochs = Analyzer(trials).epochs("stimulus", before=0.4, after=0.4)
figure = plotting.event_rates(epochs.psth(bin_ms=20))
