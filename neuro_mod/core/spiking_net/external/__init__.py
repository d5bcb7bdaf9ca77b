"""What reaches the network from outside: Poisson input and stimuli."""
