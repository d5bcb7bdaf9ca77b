"""The spiking network."""
