"""
Responses of all occupancies
============================

Change of the occupancy of each cluster per small shift of the external rate of each population, as a map.

No run is perturbed: the responses follow from the noise of the external input. Dots mark values below their error.
"""

from neuro_mod import Responses, StageSNNSimulation

stager = StageSNNSimulation("small", overrides=["init_params.duration_sec=20"])
figure = Responses.simulated(stager, 10, windows=[0.5]).plot("occupancy_responses")
