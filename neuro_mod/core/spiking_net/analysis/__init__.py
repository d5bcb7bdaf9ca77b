"""From spikes to rates; knows nothing of the simulator."""
