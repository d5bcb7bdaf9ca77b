"""Simulate the default network for one second, save the results and draw the raster.

    python examples/spiking_net_test_simulation.py [FOLDER]

Results are saved in ``simulations/spiking_net_test`` unless another folder is given; ``test_sim/`` of this repository
was made this way.
"""

import sys
from pathlib import Path

from neuro_mod import StageSNNSimulation

CONFIG = Path(__file__).resolve().parents[1] / "configs" / "snn_test_run.yaml"


def main(folder: str = "simulations/spiking_net_test") -> None:
    """Run the simulation; print mean rates and the files written."""
    stager = StageSNNSimulation(CONFIG, random_seed=123)
    outputs = stager.execute(plot_arg="spikes", out=folder)
    metadata = outputs["metadata"]
    for kind, rate in metadata["mean_rates_by_kind_hz"].items():
        print(f"{kind}: {rate:.2f} Hz")
    print("\n".join(metadata["files"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
