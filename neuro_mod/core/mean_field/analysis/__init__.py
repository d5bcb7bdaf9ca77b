"""What the mean field says about a network: landscapes, bifurcations, the validity of the theory."""
