"""
Search for a metastable network
===============================

Numbers of active clusters in the stable states of the mean field over potentiation and external rate, with the points
that were simulated and the one that was chosen.

``neuro-mod tune`` writes the configuration that it finds, and this picture beside it.
"""

import subprocess
from pathlib import Path

Path("simulations").mkdir()
command = "neuro-mod tune small --active 2 --response shifted --closure poisson --out simulations/tuned.yaml"
subprocess.run(
    [*command.split(), "--duration", "5", "--trials", "1", "--keep-closest"], check=False, capture_output=True
)
picture = Path("simulations/tuned.png")
