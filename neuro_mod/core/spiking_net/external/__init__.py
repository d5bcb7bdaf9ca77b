"""External input other than the Poisson sources: stimuli and injected spikes."""
