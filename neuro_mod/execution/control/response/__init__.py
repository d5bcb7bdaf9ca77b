"""Responses of a fixed network to shifts of its external rates, from runs without any perturbation."""
