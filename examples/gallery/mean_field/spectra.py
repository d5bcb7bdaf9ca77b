"""
Spectra of population rates
===========================

Susceptibility of groups of populations in a steady state, and the power spectra of their rates with the feedback of the
network.

A peak of the power is a frequency at which the network amplifies its own noise.
"""

from neuro_mod import SpectrumStager

figure = SpectrumStager("small").run(n_active=1, n_runs=5).plot("spectra")
