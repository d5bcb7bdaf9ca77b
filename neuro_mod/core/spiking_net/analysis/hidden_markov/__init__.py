"""A Poisson hidden Markov model of the states."""
