"""What a method runs, as far as results depend on it."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pandas as pd
import pytest

from neuro_mod.errors import InputError
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


@dataclass
class Weights:
    values: np.ndarray
    inner: object = None


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x


class Number(int):
    pass


def defaulting(weights):
    return lambda x, w=weights: x @ w


def enclosing(weights):
    return lambda x: x @ weights


def test_data_are_described_by_their_values():
    assert described({"a": [1, 2.5, None, "x"], "b": np.arange(2)}, "x") == {"a": [1, 2.5, None, "x"], "b": [0, 1]}
    long = np.arange(10_000.0)
    assert described(long, "x").startswith("sha256 ") and described(long, "x") == described(long.copy(), "x")
    long[5000] = -1
    assert described(long, "x") != described(np.arange(10_000.0), "x")
    assert described(float("nan"), "x") == described(float("nan"), "x") != described(float("inf"), "x")


def numbers(changed):
    values = np.zeros(5000)
    values[2500] = changed
    return values


def tensor(changed):
    return pytest.importorskip("torch").as_tensor(numbers(changed)).requires_grad_()


@pytest.mark.parametrize(
    "made",
    [
        tensor,
        lambda n: [tensor(n), "x"],
        lambda n: Weights(numbers(n)),
        lambda n: {"a": [Weights(np.zeros(2), Weights(numbers(n)))]},
        lambda n: Slotted(tensor(n)),
        lambda n: np.array([numbers(n), None], object),
        lambda n: {1, "a", frozenset({n, "b"})},
        np.random.default_rng,
        lambda n: partial(np.add, n),
        lambda n: defaulting(numbers(n)),
        lambda n: enclosing(numbers(n)),
        lambda n: cache(enclosing(numbers(n))),
        Number,
        lambda n: (lambda x: x, lambda x: 2 * x)[n],
        lambda n: Weights(np.zeros(2), Slotted(n)).__eq__,
        lambda n: (np.add, np.subtract)[n],
        lambda n: pd.DataFrame({"ab"[n]: [1.0]}),
    ],
)
def test_objects_are_described_by_all_that_they_consist_of(made):
    first, again, other = (json.dumps(described(made(n), "x")) for n in (0, 0, 1))
    assert first == again != other


def test_objects_within_themselves_are_described():
    def cycle(n):
        first = Weights(np.zeros(2))
        first.inner = [Weights(numbers(n), first), first]
        return first

    assert described(cycle(0), "x") == described(cycle(0), "x") != described(cycle(1), "x")


def test_what_cannot_be_described_is_named():
    with pytest.raises(InputError, match=r"^weights\.inner\['a'\]\[0\] is a _thread\.lock: .*expected plain data"):
        described(Weights(np.zeros(2), {"a": [threading.Lock()]}), "weights")

    class Sweep:
        def __init__(self):
            self.lock = threading.Lock()

        def _step(self):
            return self.lock

    with pytest.raises(InputError, match=r"^Sweep\.lock is a _thread\.lock"):
        versions_of(Sweep(), "_step")


def test_sets_are_described_alike_in_each_process():
    script = "from neuro_mod.execution.sweep.code import described\n"
    script += "print(described([{*'abcdefgh'}, frozenset({*'abcdefgh'})], 'x'))"
    printed = {
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout
        for seed in "123"
    }
    assert len(printed) == 1 and "h" in printed.pop()
