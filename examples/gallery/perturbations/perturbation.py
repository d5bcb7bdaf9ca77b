"""
A perturbation over time
========================

Change of the external rate of each population over time: a pulse that raises two clusters and lowers a third.

A perturbation is a vector in cluster space, multiplied by a time course.
"""

from neuro_mod import StageSNNSimulation

perturbed = {
    "perturbation.rate.vectors": "[[1.0, 0.5, -1.0]]",
    "perturbation.rate.involved_clusters": "[E0, E1, E2]",
    "perturbation.rate.params": "[0.5]",
    "perturbation.rate.time_dependence": "{shape: gaussian, peak_time: 0.5, width: 0.15}",
}
overrides = [f"{key}={value}" for key, value in perturbed.items()]
outputs = StageSNNSimulation("small", overrides=overrides).run(duration_sec=1)
figure = outputs.plot("perturbations")
