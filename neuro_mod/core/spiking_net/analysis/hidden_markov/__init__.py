"""Poisson hidden Markov model of spike counts."""
