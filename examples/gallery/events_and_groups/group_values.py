"""
Quantities of two conditions
============================

Occupancy, durations and other quantities of networks at two levels of arousal, with a line for each network.

A quantity that changes alike in all networks is seen from the slopes of the lines.
"""

from neuro_mod import Analyzer, StageSNNSimulation

levels, seeds = (0.2, 0.4), (1, 2, 3)
sessions = [
    StageSNNSimulation("default", seed, overrides=[f"arousal.level={level}"]).run(3, record=["spikes"])
    for level in levels
    for seed in seeds
]
groups = Analyzer(sessions).groups(["arousal 0.2"] * 3 + ["arousal 0.4"] * 3, networks=[*seeds, *seeds])
figure = groups.plot("group_values")
