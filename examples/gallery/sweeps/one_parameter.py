"""
A measure over one parameter
============================

Mean rates of the populations over the level of arousal, with standard errors over repeats.
"""

from neuro_mod import run_sweep

sweep = {
    "config": "default",
    "set": {"init_params.duration_sec": 0.5},
    "parameters": {"arousal.level": {"from": 0, "to": 1, "n": 6}},
    "repeats": 3,
    "measures": ["rates"],
}
figure = run_sweep(sweep, "simulations/arousal").plot("rates")
