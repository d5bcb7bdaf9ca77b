"""
Assemblies without labels
=========================

Correlations of the spike counts of all pairs of neurons, sorted by the assemblies that were found, beside the
eigenvalues.

The clusters are not given: neurons whose counts vary together are grouped.
"""

from neuro_mod import Analyzer, StageSNNSimulation

outputs = StageSNNSimulation("small", random_seed=1).run(duration_sec=20)
recording = Analyzer(outputs["spikes"])
figure = recording.with_clusters(recording.find_assemblies()).plot("assemblies")
