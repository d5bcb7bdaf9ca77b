"""
A measure over two parameters
=============================

Mean rates of the populations as maps over the level of arousal and the external rate.
"""

from neuro_mod import run_sweep

sweep = {
    "config": "small",
    "set": {"init_params.duration_sec": 1.0},
    "parameters": {"arousal.level": [0, 0.2, 0.4, 0.6], "external_currents.nu_ext_baseline[0]": [6.5, 7.0, 7.5]},
    "repeats": 2,
    "measures": ["rates"],
}
figure = run_sweep(sweep, "simulations/arousal_and_rate").plot("rates")
