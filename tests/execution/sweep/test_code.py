"""What a method runs, as far as results depend on it."""

from __future__ import annotations

import importlib.util
import itertools
import subprocess
import sys

import numpy as np
import pytest

from neuro_mod.execution.sweep.code import described, versions_of

MODULE = '''\
import functools
import math

from neuro_mod.execution.sweep.spiking_net import SNNBaseSweepRunner

FACTOR = 2.0
UNUSED = 1


def scaled(count):
    """Not a method."""
    return [FACTOR * each for each in [count]][0]


def unused(count):
    return count


def noted(method):
    @functools.wraps(method)
    def call(*args, **kwargs):
        return method(*args, **kwargs)

    return call


class Base(SNNBaseSweepRunner):
    window = 0.1

    def _count(self, outputs):
        return len(outputs["spikes"]) / self.window


class Sweep(Base):
    def __init__(self, threshold=3):
        self.threshold, self.name = threshold, "mine"

    @property
    def limit(self):
        return self.threshold

    @staticmethod
    def cut(x, limit):
        return min(x, limit)

    @noted
    def _step(self, param, idx, sweep_param, **kwargs):
        outputs = self._sweep_object.run(**kwargs)
        return self.cut(scaled(self._count(outputs)), self.limit) + math.pi

    def summary(self, results, sweep_params):
        print(results)
'''
NUMBERS = itertools.count()


def versions(folder, text, *arguments):
    (file := folder / f"module_{next(NUMBERS)}.py").write_text(text)
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return versions_of(module.Sweep(*arguments), "_step")


def test_all_that_a_step_uses_is_found(tmp_path):
    found = versions(tmp_path, MODULE)
    code = {"Sweep._step", "Sweep.cut", "Sweep.limit", "Base._count", "scaled"}
    assert set(found) == {*(f"code of {name}" for name in code), "FACTOR", "Base.window", "Sweep.threshold"}
    assert (found["FACTOR"], found["Base.window"], found["Sweep.threshold"]) == (2.0, 0.1, 3)
    assert all(value.startswith("sha256 ") for name, value in found.items() if name.startswith("code of "))
    assert versions(tmp_path, MODULE) == found


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("+ math.pi", "+ math.e", "code of Sweep._step"),
        ("FACTOR * each", "FACTOR + each", "code of scaled"),
        ("FACTOR = 2.0", "FACTOR = 3.0", "FACTOR"),
        ("window = 0.1", "window = 0.2", "Base.window"),
        ("threshold=3", "threshold=4", "Sweep.threshold"),
        ("/ self.window", "* self.window", "code of Base._count"),
        ("min(x", "max(x", "code of Sweep.cut"),
        ("return self.threshold", "return -self.threshold", "code of Sweep.limit"),
    ],
)
def test_a_change_is_named(tmp_path, old, new, changed):
    before, after = versions(tmp_path, MODULE), versions(tmp_path, MODULE.replace(old, new, 1))
    assert {name for name in before | after if before.get(name) != after.get(name)} == {changed}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("print(results)", "print(len(results))"),
        ("return count\n", "return 2 * count\n"),
        ("UNUSED = 1", "UNUSED = 2"),
        ('"mine"', '"yours"'),
        ("(**kwargs)\n", "(**kwargs)  # what the user wants\n\n"),
        ("import math\n", "import math\n\n\n"),
    ],
)
def test_what_changes_no_result_does_not_count(tmp_path, old, new):
    assert old in MODULE
    assert versions(tmp_path, MODULE) == versions(tmp_path, MODULE.replace(old, new))


def test_code_that_is_typed_in_has_versions_too(tmp_path):
    """It has no source; hashes of strings differ from process to process, those of code must not."""
    script = MODULE.replace("min(x, limit)", "min(x, limit) if x in {'a', 'b', 'c'} else (lambda: x)()")
    script += "\nfrom neuro_mod.execution.sweep.code import versions_of\nprint(versions_of(Sweep(), '_step'))\n"

    def printed(text):
        command = [sys.executable, "-"]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=120).stdout

    first = printed(script)
    assert "code of Sweep._step" in first and "code of Base._count" in first
    assert printed("\n\n" + script) == first
    assert printed(script.replace("'c'}", "'d'}")) != first


def test_functions_of_functions_are_followed():
    def sweep(n):
        def power(x):
            return x**n

        class Sweep:
            def _step(self, x):
                return power(x)

        return Sweep()

    two, three = (versions_of(sweep(n), "_step") for n in (2, 3))
    assert set(two) == {"code of Sweep._step", "code of power", "n"}
    assert {name for name in two if two[name] != three[name]} == {"n"}


class Opaque:
    pass


def test_data_are_described_by_their_values():
    assert described({"a": [1, 2.5, None, "x"], "b": np.arange(2)}) == {"a": [1, 2.5, None, "x"], "b": [0, 1]}
    long = np.arange(10_000.0)
    assert described(long).startswith("sha256 ") and described(long) == described(long.copy())
    long[5000] = -1
    assert described(long) != described(np.arange(10_000.0))
    assert described(float("nan")) == described(float("nan")) != described(float("inf"))
    assert described(Opaque()) == described(Opaque()) == "<tests.Opaque object>".replace("tests.", f"{__name__}.")
