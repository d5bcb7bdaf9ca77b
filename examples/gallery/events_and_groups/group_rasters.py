"""
Rasters of two conditions
=========================

Spikes of one network at two levels of arousal beside each other, each under the band of its states.
"""

from neuro_mod import Analyzer, StageSNNSimulation

sessions = []
for level in (0.3, 0.4):
    stager = StageSNNSimulation("default", overrides=[f"arousal.level={level}"])
    sessions += [stager.run(2, record=["spikes"], noise_seed=seed) for seed in (1, 2)]
groups = Analyzer(sessions).groups(["arousal 0.3"] * 2 + ["arousal 0.4"] * 2)
figure = groups.plot("group_rasters")
