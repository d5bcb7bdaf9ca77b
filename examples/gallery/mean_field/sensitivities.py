"""
Sensitivities of a steady state
===============================

Change of each population's rate in a steady state per small change of the external rate, or arousal, of each
population.

Below the maps is the change of the leading eigenvalue: where it is positive, a perturbation makes the state less
stable.
"""

from neuro_mod import SensitivityStager

sensitivities = SensitivityStager("default").run(["rate", "arousal_level"], n_active=[4], n_runs=5)
figure = sensitivities.plot("sensitivities_0")
