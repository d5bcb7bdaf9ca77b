"""
Membrane voltage
================

Membrane voltages of three neurons over half a second, with their spikes and the threshold.

Voltages are in units of the threshold. After a spike a neuron stays at the reset voltage for its refractory period.
"""

from neuro_mod import StageSNNSimulation

stager = StageSNNSimulation("default", random_seed=1)
outputs = stager.run(duration_sec=1, neurons=[330, 700, 1700])
figure = outputs.plot("voltage", t_from=0.5)
