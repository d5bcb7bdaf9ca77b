"""Code and data of the user on which the results of a sweep depend."""

from __future__ import annotations

import importlib
import json
import linecache
import sys
import threading
from types import ModuleType

import numpy as np
import pytest

from neuro_mod.errors import InputError
from neuro_mod.execution.sweep.base import _HOOKS
from neuro_mod.execution.sweep.user_functions import described, find_function, versions_of
from neuro_mod.storage.names import PLAN
from tests.helpers.shared import SMALL

MODULE = """\
from helpers_of_my_sweep import scaled

from neuro_mod.execution.sweep.spiking_net import SNNBaseSweepRunner

FACTOR = 2.0


class Base(SNNBaseSweepRunner):
    window = 0.1

    @property
    def limit(self):
        return self.threshold


class Sweep(Base):
    def __init__(self, threshold=3):
        self.threshold, self.name, self.found = threshold, "mine", []

    def _step(self, param, idx, sweep_param, **kwargs):
        return scaled(FACTOR * self.limit)

    def summary(self, results, sweep_params):
        self.found = [self.name, results]
"""
NOT_A_MODULE = MODULE.replace("from helpers_of_my_sweep import scaled\n", "scaled = float\n")
PRINT = f"""
import json
from neuro_mod.execution.sweep.user_functions import versions_of
print(json.dumps(versions_of(Sweep(), {_HOOKS})))
"""
SWEEP = {"baseline_params": SMALL, "param": "arousal.level", "sweep_params": [0.0, 0.5]}


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes the module of a sweep and one that it imports, and imports the first again."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # a change within a second would not be seen

    def write(text=MODULE, helpers="def scaled(x):\n    return x\n"):
        (tmp_path / "my_sweep.py").write_text(text)
        (tmp_path / "helpers_of_my_sweep.py").write_text(helpers)
        for name in ("my_sweep", "helpers_of_my_sweep"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        return importlib.import_module("my_sweep")

    yield write
    for name in ("my_sweep", "helpers_of_my_sweep"):
        sys.modules.pop(name, None)


def versions(owner):
    return json.loads(json.dumps(versions_of(owner, _HOOKS)))


def test_the_module_of_a_class_and_its_attributes_count(module):
    found = versions(module().Sweep())
    assert set(found) == {"code", "Sweep.threshold"} and found["Sweep.threshold"] == 3
    assert set(found["code"]) == {"my_sweep.Sweep", "my_sweep.Base"}
    assert versions(module().Sweep()) == found


@pytest.mark.parametrize(
    ("old", "new"), [("FACTOR = 2.0", "FACTOR = 3.0"), ("window = 0.1", "window = 0.2"), ("FACTOR * self", "self")]
)
def test_changed_source_of_the_module_is_noticed(module, old, new):
    before = versions(module().Sweep())
    assert versions(module(MODULE.replace(old, new)).Sweep())["code"] != before["code"]


def test_other_modules_are_not_looked_at(module):
    before = versions(module().Sweep())
    assert versions(module(helpers="def scaled(x):\n    return 2 * x\n").Sweep()) == before


def test_attributes_that_only_summaries_use_do_not_count(module):
    sweep = module().Sweep()
    before = versions(sweep)
    sweep.summary([1], [2])
    sweep.name = threading.Lock()
    assert versions(sweep) == before
    sweep.threshold = 4
    assert versions(sweep) == before | {"Sweep.threshold": 4}
    sweep.threshold = threading.Lock()
    with pytest.raises(InputError, match=r"^Sweep\.threshold is a _thread\.lock; expected plain values, NumPy arrays"):
        versions(sweep)


def test_measures_of_a_file_have_the_same_version(module, tmp_path):
    code = versions(module().Sweep())["code"]["my_sweep.Sweep"]
    assert (
        find_function("my_sweep:Sweep", tmp_path).sha256
        == find_function("my_sweep:Base", tmp_path / "x").sha256
        == code
    )


@pytest.mark.parametrize("way", ["script", "typed", "notebook"])
def test_a_class_without_a_module_counts_by_itself(tmp_path, monkeypatch, run_code, way):
    """A call below the class, and lines above it, may change; code that is typed in has no source."""

    def found(text):
        if way == "script":
            return json.loads(run_code(text + PRINT, tmp_path))
        main = ModuleType("__main__")
        with monkeypatch.context() as patched:
            patched.setitem(sys.modules, "__main__", main)
            if way == "notebook":  # cells are compiled one by one, and their source is kept in linecache
                patched.setitem(linecache.cache, f"<{way}>", (len(text), None, text.splitlines(True), f"<{way}>"))
            exec(compile(text, f"<{way}>", "exec"), vars(main))
            return versions(main.Sweep())

    text = NOT_A_MODULE.replace("FACTOR * self", "({'a', 'b', 'c'} and FACTOR) * self")
    first = found(text)
    assert set(first["code"]) == {"__main__.Sweep", "__main__.Base"} and first["Sweep.threshold"] == 3
    assert found("\n\n" + text + "values = [1, 2, 3]\n") == first
    for old, new in [("'c'}", "'d'}"), ("return self.threshold", "return 2 * self.threshold"), ("0.1", "0.2")]:
        assert found(text.replace(old, new)) != first


def test_values_are_described_by_themselves_or_their_hash():
    assert described({"a": [1, 2.5, None, "x"], "b": np.arange(2)}, "x") == {"a": [1, 2.5, None, "x"], "b": [0, 1]}
    long = np.arange(10_000.0)
    assert described(long, "x").startswith("sha256 ") and described(long, "x") == described(long.copy(), "x")
    long[5000] = -1
    assert described(long, "x") != described(np.arange(10_000.0), "x")
    assert described(float("nan"), "x") == described(float("nan"), "x") != described(float("inf"), "x")


def test_functions_and_classes_are_described_by_their_module(module):
    found = module()
    assert described(found.scaled, "x").startswith("helpers_of_my_sweep.scaled ")
    assert described(found.Sweep, "x") == f"my_sweep.Sweep {versions(found.Sweep())['code']['my_sweep.Sweep']}"
    changed = module(helpers="def scaled(x):\n    return 2 * x\n")
    assert described(changed.scaled, "x") != described(np.median, "x")


def test_other_values_are_refused_by_name():
    with pytest.raises(InputError, match=r"^weights\['a'\]\[0\] is a _thread\.lock; expected plain values"):
        described({"a": [threading.Lock()]}, "weights")


def test_a_changed_module_is_refused_in_the_same_folder(module, tmp_path):
    module().Sweep().execute(tmp_path / "out", **SWEEP)
    changed = module(MODULE.replace("FACTOR = 2.0", "FACTOR = 3.0")).Sweep()
    with pytest.raises(InputError, match=r"code\.my_sweep\.Sweep: '\w{64}' -> '\w{64}'"):
        changed.execute(tmp_path / "out", **SWEEP)
    assert changed.execute(tmp_path / "out", **SWEEP, force=True) == [9.0, 9.0]


def test_a_folder_of_an_earlier_version_is_resumed(module, tmp_path, caplog):
    """Its plan has an entry for each function; those are not compared, arguments and attributes are."""
    sweep, plan = module().Sweep(), tmp_path / "out" / PLAN
    sweep.execute(tmp_path / "out", **SWEEP, scale=1)
    entries = json.loads(plan.read_text())
    del entries["code"]
    earlier = entries | {"code of Sweep._step": "sha256 0123", "code of Base.limit": "sha256 4567", "FACTOR": 2.0}
    plan.write_text(json.dumps(earlier))
    more = SWEEP | {"sweep_params": [0.0, 0.25, 0.5]}
    arguments = [("Sweep.threshold: 3 -> 4", 4, 1), ("step_kwargs.scale: 1 -> 2", 3, 2)]
    for message, threshold, scale in arguments:
        with pytest.raises(InputError, match=message):
            module().Sweep(threshold).execute(tmp_path / "out", **more, scale=scale)
    sweep.execute(tmp_path / "out", **more, scale=1)
    assert json.loads((tmp_path / "out/metadata/run.json").read_text())["n_finished_before"] == 2
    assert "cannot be detected" in (tmp_path / "out/metadata/run.log").read_text()
    assert "cannot be detected" in caplog.text  # a warning
    for message, threshold, scale in arguments:
        with pytest.raises(InputError, match=message):
            module().Sweep(threshold).execute(tmp_path / "out", **more, scale=scale)
    changed = module(MODULE.replace("FACTOR = 2.0", "FACTOR = 3.0")).Sweep()
    with pytest.raises(InputError, match=r"code\.my_sweep\.Sweep"):
        changed.execute(tmp_path / "out", **more, scale=1)
    sweep.execute(tmp_path / "out", **more, scale=1, force=True)
    assert "code" in json.loads(plan.read_text())
