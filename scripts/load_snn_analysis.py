"""Print the metastable states of a saved analysis; the spikes are not needed.

    python scripts/load_snn_analysis.py simulations/snn_test_run/analysis

`neuro-mod analyze` and `Analyzer.save_analysis` write such folders. See `neuro_mod.core.spiking_net.analysis.analyzer`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuro_mod.cli.analysis_table import print_analysis
from neuro_mod.cli.failures import plain_failures
from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.execution.analysis.summary import describe_analysis


def load(
    analysis: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the analysis.")] = Path(
        "simulations/snn_test_run/analysis"
    ),
) -> None:
    """Print the metastable states of a saved analysis."""
    print_analysis(describe_analysis(Analyzer.load_analysis(analysis)))


if __name__ == "__main__":
    with plain_failures():
        typer.run(load)
