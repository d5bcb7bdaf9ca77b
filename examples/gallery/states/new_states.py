"""
New states over time
====================

Number of different states that were visited up to each time.

Where the curve still rises at its end, the recording is too short to have shown all states.
"""

from neuro_mod import Analyzer, StageSNNSimulation

outputs = StageSNNSimulation("medium", random_seed=1).run(duration_sec=30)
figure = Analyzer(outputs).plot("new_states")
