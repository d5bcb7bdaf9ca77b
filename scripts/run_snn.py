"""Run a spiking network several times, and save and analyse the runs.

    python scripts/run_snn.py --config configs/snn_test_run.yaml --save-dir simulations/snn_test_run --n-repeats 4

``neuro-mod repeat`` does the same. See `neuro_mod.execution.Repeater`.
"""

from __future__ import annotations

from neuro_mod.cli.repeats import run_script

if __name__ == "__main__":
    run_script("Repeat runs of a spiking network, save and analyse them.")
