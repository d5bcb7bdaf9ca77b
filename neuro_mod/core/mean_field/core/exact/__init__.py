"""The exact stationary response of a leaky integrate-and-fire neuron to an Ornstein-Uhlenbeck current."""
