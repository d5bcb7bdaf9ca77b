"""
Durations under two conditions
==============================

Survival curves of the activations of clusters at two levels of arousal: they are shorter where arousal is higher.
"""

from neuro_mod import Analyzer, StageSNNSimulation

sessions = []
for level in (0.3, 0.4):
    stager = StageSNNSimulation("default", overrides=[f"arousal.level={level}"])
    sessions += [stager.run(4, record=["spikes"], noise_seed=seed) for seed in (1, 2)]
groups = Analyzer(sessions).groups(["arousal 0.3"] * 2 + ["arousal 0.4"] * 2)
figure = groups.plot("group_activations")
