"""The kernel cache: no old code, no crash."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from neuro_mod.core.spiking_net.engine import compilation

COUNT = """
import numpy as np
from neuro_mod.core.spiking_net.engine.compilation import cache_folder
from neuro_mod.core.spiking_net.engine.kernel import advance
from neuro_mod.execution.stagers import StageSNNSimulation
outputs = StageSNNSimulation({}).run(duration_sec=0.02, record=("spikes",))
print(cache_folder(), outputs["spikes"].sum(), outputs["metadata"]["wall_seconds"]["compilation"])
"""


def count_in_new_process(cache):
    done = subprocess.run(
        [sys.executable, "-c", COUNT],
        env=os.environ | {"NEURO_MOD_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout.split()


def test_the_folder_is_named_by_what_is_compiled(monkeypatch, tmp_path):
    monkeypatch.setenv("NEURO_MOD_CACHE_DIR", str(tmp_path))
    before = compilation.cache_folder()
    assert before.parent == tmp_path
    source = tmp_path / "kernel.py"
    source.write_text("x = 1")
    monkeypatch.setattr(compilation, "_SOURCES", (*compilation._SOURCES, source))
    added = compilation.cache_folder()
    source.write_text("x = 2")
    assert len({before, added, compilation.cache_folder()}) == 3


def test_every_kernel_source_counts():
    names = {source.name for source in compilation._SOURCES}
    assert {"random.py", "kernel.py", "compilation.py", "simulate.py"} <= names


def test_damaged_or_unwritable_caches_are_no_obstacle(tmp_path):
    folder, count, _ = count_in_new_process(tmp_path)
    files = [path for path in (tmp_path / folder).rglob("*") if path.is_file()]
    assert files
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert count_in_new_process(blocked)[1] == count
    for file in files:
        file.write_bytes(file.read_bytes()[:100])
    assert count_in_new_process(tmp_path)[1] == count


@pytest.mark.parametrize("module", ["numba", "torch"])
def test_importing_the_package_loads_neither(module):
    code = f"import sys, neuro_mod, neuro_mod.core.spiking_net, neuro_mod.config; assert {module!r} not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_empty_cache_variable_is_none(monkeypatch):
    monkeypatch.delenv("NEURO_MOD_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert compilation.cache_folder().is_absolute()
