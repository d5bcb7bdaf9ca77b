"""
Responses of states
===================

Change of the log probability of each state per small shift of the external rate of each population, as a map.

Dots mark values below their error.
"""

from neuro_mod import Responses, StageSNNSimulation

stager = StageSNNSimulation("small", overrides=["init_params.duration_sec=20"])
figure = Responses.simulated(stager, 10, windows=[0.5]).plot("state_responses")
