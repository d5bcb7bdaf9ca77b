"""
Modes in the network
====================

Changes of the share of time in a state, in those one swap away, and of their ratio, under the direction of that state
within the modes, over its margin.

Every point is a state: the network is simulated with its direction and without, under the same noise.
"""

import subprocess
from pathlib import Path

command = "neuro-mod control capacity small --states all:1 --modes 1,3,5 --verify 4 --trials 6 --duration 3"
subprocess.run([*command.split(), "--out", "simulations/verified"], check=True, capture_output=True)
picture = Path("simulations/verified/verification/plots/verification.png")
