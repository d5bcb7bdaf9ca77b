"""
Margin over the number of modes
===============================

How well the best modes tell all states of two out of six clusters apart, over their number: the bound, the modes that
were found, and random ones.
"""

import subprocess
from pathlib import Path

command = "neuro-mod control capacity --states all:2 --clusters 6 --modes 1..6"
subprocess.run([*command.split(), "--out", "simulations/capacity"], check=True, capture_output=True)
picture = Path("simulations/capacity/plots/capacity.png")
