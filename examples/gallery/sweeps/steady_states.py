"""
Steady states over a parameter
==============================

Numbers of steady states of the mean field, and of active clusters in the stable ones, over the level of arousal.

Measures of the mean field can be swept beside those of simulations.
"""

from neuro_mod import run_sweep

sweep = {
    "config": "mean_field",
    "parameters": {"arousal.level": {"from": 0, "to": 0.6, "n": 5}},
    "measures": ["fixed_points"],
    "mean_field": {"starts": 5},
}
figure = run_sweep(sweep, "simulations/steady_states").plot("fixed_points")
