"""The spiking network: simulation and analysis."""
