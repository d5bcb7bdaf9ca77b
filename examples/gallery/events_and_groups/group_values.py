"""
Quantities of two conditions
============================

Occupancy, durations and other quantities of three networks at two levels of arousal, with a line for each network.

The same networks are simulated at both levels. Where all lines go the same way, the quantity depends on arousal in each
of them.
"""

from neuro_mod import Analyzer, StageSNNSimulation

levels, seeds = (0.3, 0.4), (1, 2, 3)
sessions = [
    StageSNNSimulation("default", seed, overrides=[f"arousal.level={level}"]).run(4, record=["spikes"])
    for level in levels
    for seed in seeds
]
groups = Analyzer(sessions).groups(["arousal 0.3"] * 3 + ["arousal 0.4"] * 3, networks=[*seeds, *seeds])
figure = groups.plot("group_values")
