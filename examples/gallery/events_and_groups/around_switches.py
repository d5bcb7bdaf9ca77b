"""
Rates around switches
=====================

Mean rates of clusters that switch on or off, of the other clusters and of all their neurons, around the time of the
switch, with standard errors over switches.
"""

from neuro_mod import Analyzer, StageSNNSimulation, plotting

outputs = StageSNNSimulation("default", random_seed=1).run(duration_sec=10)
figure = plotting.around_switches(Analyzer(outputs).around_switches(before=0.2, after=0.2))
