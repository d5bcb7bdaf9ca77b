"""
Response over time
==================

Response of the occupancy of a cluster over the time since a shift began, of the shifts of its own and of other
populations; on the right the same with later noise, which must vanish.
"""

from neuro_mod import Responses, StageSNNSimulation

stager = StageSNNSimulation("small", overrides=["init_params.duration_sec=20"])
figure = Responses.simulated(stager, 10, windows=[0.1, 0.2, 0.5, 1.0]).plot("step_response")
