"""Analysis of spikes: rates, states, neurons; independent of the simulator."""
