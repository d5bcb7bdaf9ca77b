"""
Random points of two parameters
===============================

Occupancy of clusters over each of two parameters, at points that were drawn at random from ranges of both.
"""

from neuro_mod import run_sweep

sweep = {
    "config": "small",
    "set": {"init_params.duration_sec": 2.0},
    "parameters": {
        "arousal.level": {"from": 0, "to": 0.3},
        "external_currents.nu_ext_baseline[0]": {"from": 6.5, "to": 7.5},
    },
    "combine": "sampled",
    "n_samples": 25,
    "measures": ["occupancy"],
}
figure = run_sweep(sweep, "simulations/sampled").plot("occupancy")
