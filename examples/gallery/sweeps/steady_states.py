"""
Steady states over two parameters
=================================

Numbers and rates of the steady states of the mean field over the level of arousal and the potentiation of E→E weights.
"""

from neuro_mod import run_sweep

sweep = {
    "config": "two_clusters",
    "parameters": {
        "architecture.clusters.j_potentiated[0]": {"from": 16, "to": 24, "n": 5},
        "external_currents.nu_ext_baseline[0]": [6.6, 7.0, 7.4],
    },
    "measures": ["fixed_points"],
    "mean_field": {"starts": 10},
}
figure = run_sweep(sweep, "simulations/steady_states").plot("fixed_points")
