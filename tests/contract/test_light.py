"""Environments without the largest libraries, which come with the extras ``torch`` and ``parquet``."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

from neuro_mod import run_sweep
from tests.helpers.processes import run_python
from tests.helpers.shared import SMALL
from tests.helpers.tables import sweep_table

SWEEP = {"config": SMALL | {"settings": {"plot": False}}, "parameters": {"arousal.level": [0.1, 0.5]}}
ELSEWHERE = """
import pydoc
import sys
from importlib.machinery import PathFinder


class Others(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.split(".")[0] in ("torch", "pyarrow") else super().find_spec(name, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = Others

import neuro_mod
from neuro_mod import *

assert "LIFNet" not in dir(neuro_mod) and "simulate" in dir(neuro_mod)
assert "simulate" in pydoc.plaintext.document(neuro_mod)
try:
    from neuro_mod.core.spiking_net.lif_net import LIFNet
except ImportError as error:
    assert str(error) == 'this needs torch, which is not installed: pip install "neuro_mod[torch]"'
else:
    raise AssertionError("LIFNet without torch")
try:
    from neuro_mod import LIFNet
except ImportError as error:
    print(error)
else:
    raise AssertionError("LIFNet without torch")
outputs = StageSNNSimulation(sys.argv[1]).execute("spikes", out=sys.argv[2])
assert Analyzer(outputs).get_num_states() >= 1
"""


def test_the_package_without_its_largest_libraries(tmp_path, config):
    done = run_python("-c", ELSEWHERE, config, tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert done.stdout == 'this needs torch, which is not installed: pip install "neuro_mod[torch]"\n'
    assert (tmp_path / "run/plots/raster.png").exists()


def test_a_sweep_without_pyarrow_is_csv_alone(tmp_path, monkeypatch, caplog):
    """Begun with it, extended without it, where its table would be out of date, and completed with it."""
    pytest.importorskip("pyarrow")
    parquet = tmp_path / "results.parquet"
    run_sweep(SWEEP | {"repeats": 1}, tmp_path)
    assert len(pd.read_parquet(parquet)) == 2
    with monkeypatch.context() as without, caplog.at_level("INFO", "neuro_mod"):
        without.setitem(sys.modules, "pyarrow", None)
        metadata = run_sweep(SWEEP | {"repeats": 2}, tmp_path)
    missing = 'this needs pyarrow, which is not installed: pip install "neuro_mod[parquet]"'
    assert caplog.messages.count(f"results.csv only, no results.parquet: {missing}") == 1
    assert len(sweep_table(tmp_path)) == 4 and not parquet.exists()
    assert not any("parquet" in name for name in metadata["files"])
    assert "parquet" not in (tmp_path / "metadata/manifest.json").read_text()
    run_sweep(SWEEP | {"repeats": 3}, tmp_path)
    pd.testing.assert_frame_equal(pd.read_parquet(parquet), sweep_table(tmp_path), check_dtype=False)
