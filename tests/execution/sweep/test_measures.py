"""Measures of a run, and functions of the user."""

from __future__ import annotations

import math
import pickle
import sys
from fractions import Fraction
from typing import get_args

import cloudpickle
import numpy as np
import pytest

from neuro_mod.choices import MeasureName
from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.errors import InputError
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.sweep.measures import MEASURES, MeasuredRun, column_label, find_measures, measure
from neuro_mod.execution.sweep.user_functions import find_function
from tests.helpers.known_states import regular
from tests.helpers.shared import SMALL


@pytest.fixture(scope="module")
def outputs():
    return StageSNNSimulation(SMALL).run(record=("spikes",))


@pytest.mark.parametrize(
    ("returned", "numbers"),
    [
        (3, {"f": 3.0}),
        (True, {"f": 1.0}),
        (np.float32(0.5), {"f": 0.5}),
        (np.array(2), {"f": 2.0}),
        (Fraction(1, 4), {"f": 0.25}),
        (-math.inf, {"f": -math.inf}),
        ({"a": 1, "b c": np.int64(2)}, {"a": 1.0, "b c": 2.0}),
    ],
)
def test_numbers_of_the_user(outputs, returned, numbers):
    found = measure(outputs, {"m:f": lambda _: returned})["m:f"]
    assert found == numbers and all(type(value) is float for value in found.values())


def test_a_tensor_is_a_number(outputs):
    torch = pytest.importorskip("torch")
    assert measure(outputs, {"m:f": lambda _: torch.tensor(1.5)}) == {"m:f": {"f": 1.5}}


@pytest.mark.parametrize("nothing", [None, math.nan])
def test_nothing_is_nan(outputs, nothing):
    assert math.isnan(measure(outputs, {"m:f": lambda _: nothing})["m:f"]["f"])


@pytest.mark.parametrize(
    "returned", ["abc", "3", [1], np.zeros(3), np.array("a"), 1j, {}, {1: 2}, {"": 1}, {"a": "x"}, {"a": [1]}, 10**400]
)
def test_other_values_are_refused(outputs, returned):
    with pytest.raises(InputError, match=r"^measure m:f: .* returned; expected a number, or a mapping from names"):
        measure(outputs, {"m:f": lambda _: returned})


def test_measures_keep_their_order(outputs):
    assert list(measure(outputs, find_measures(["lifetimes", "rates", "n_states"], None))) == [
        "lifetimes",
        "rates",
        "n_states",
    ]


def test_measures_of_states_are_the_quantities_of_an_analysis():
    """Clocks: cluster 0 is active for 0.5 s, twice, 1 and 2 together in between and at the end."""
    spikes = regular(((0,), 0.5), ((1, 2), 0.5), ((0,), 0.5), ((1, 2), 0.5))
    outputs = {"spikes": spikes, "metadata": {"layout": None}, "clusters": np.repeat(np.arange(3), 10)}
    analyzer = Analyzer(spikes, np.repeat(np.arange(3), 10))
    run = MeasuredRun(outputs)
    run.analyzer = analyzer
    table = analyzer.quantities()["value"]
    for name in ("n_states", "lifetimes", "occupancy", "activations", "intervals", "entropy"):
        for column, value in MEASURES[name](run).items():
            assert value == table[column] and math.isfinite(value)
    assert MEASURES["occupancy"](run)["occupancy"] == pytest.approx(0.5, abs=0.02)
    assert MEASURES["activations"](run)["mean_activation_sec"] == pytest.approx(0.5, abs=0.02)
    assert MEASURES["intervals"](run)["mean_interval_sec"] == pytest.approx(0.5, abs=0.02)
    assert MEASURES["entropy"](run)["state_entropy_bits"] == pytest.approx(1, abs=0.01)
    assert set(MEASURES) == set(get_args(MeasureName))


@pytest.mark.parametrize(
    ("column", "label"),
    [
        ("rate_E_clusters_hz", "rate of E clusters (Hz)"),
        ("n_states", "number of states"),
        ("mean_lifespan_sec", "mean lifespan of whole visits (s)"),
        ("occupancy", "occupancy of clusters"),
        ("activation_rate_hz", "activations per cluster (Hz)"),
        ("my_width_ms", "my width (ms)"),
        ("synchrony", "synchrony"),
        ("rate of change", "rate of change"),
    ],
)
def test_labels_of_columns(column, label):
    assert column_label(column) == label


@pytest.fixture
def module(tmp_path):
    def write(text, name="mine.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return tmp_path

    return write


def test_a_module_beside_the_file_comes_before_one_that_is_installed(module):
    folder = module("def mean(x):\n    return -1\n", "numpy.py")
    assert find_function("numpy:mean", folder)([3, 5]) == -1
    assert find_function("numpy:median", folder / "elsewhere")([3, 5]) == 4
    assert np is sys.modules["numpy"]


def test_modules_of_one_name_in_two_folders_are_two(module):
    one = find_function("a.mine:f", module("def f():\n    return 1\n", "a/mine.py"))
    two = find_function("mine:f", module("def f():\n    return 2\n", "b/mine.py") / "b")
    assert (one(), two(), one()) == (1, 2, 1)
    assert one.sha256 != two.sha256


def test_an_edited_module_is_a_new_one_and_the_old_one_stays_what_it_was(module):
    before = find_function("mine:f", module("def f():\n    return 1\n"))
    after = find_function("mine:f", module("def f():\n    return 2\n"))
    assert (before(), after()) == (1, 2)


def test_functions_travel_with_their_source(module):
    folder = module("STATE = []\ndef f(x):\n    return x + len(STATE)\n")
    sent = cloudpickle.dumps(find_function("mine:f", folder))
    (folder / "mine.py").unlink()
    assert pickle.loads(sent)(2) == 2


def test_modules_may_import_their_neighbours_early_and_late(module):
    module("ONE = 1\n", "neighbour_of_mine.py")
    module("TWO = 2\n", "other_neighbour_of_mine.py")
    text = "import neighbour_of_mine as a\ndef f():\n    import other_neighbour_of_mine as b\n    return a.ONE, b.TWO\n"
    paths = list(sys.path)
    assert find_function("mine:f", module(text))() == (1, 2)
    assert sys.path == paths


def test_modules_may_define_dataclasses(module):
    text = """\
from __future__ import annotations
from dataclasses import dataclass, field
from typing import ClassVar

@dataclass
class Settings:
    n: ClassVar[int] = 3
    x: int = field(default=1)

def f():
    return Settings(2)
"""
    assert find_function("mine:f", module(text))().x == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def g(x):\n    pass\n", r"mine:f: .*/mine\.py has no function f; it has g$"),
        ("f = 3\n", r"mine:f: .*/mine\.py has no function f$"),
        ("def f(:\n", r"mine:f: SyntaxError in .*/mine\.py: "),
        (
            "import not_there_at_all\n",
            r"mine:f: ModuleNotFoundError in .*/mine\.py: No module named 'not_there_at_all'",
        ),
        ("1 / 0\n", r"mine:f: ZeroDivisionError in .*/mine\.py: division by zero"),
        ("raise SystemExit(3)\n", r"mine:f: SystemExit in .*/mine\.py: 3"),
    ],
)
def test_functions_that_cannot_be_imported(module, text, said):
    paths = list(sys.path)
    with pytest.raises(InputError, match=said):
        find_function("mine:f", module(text))
    assert sys.path == paths


def test_modules_that_do_not_exist(tmp_path, module, monkeypatch):
    with pytest.raises(InputError, match=r"^mien:f: there is no .*/mien\.py, and no module mien is installed$"):
        find_function("mien:f", tmp_path)
    with pytest.raises(InputError, match=r"^numpy:maen: numpy has no function maen"):
        find_function("numpy:maen", tmp_path)
    module("1 / 0\n", "installed/broken_package/__init__.py")
    monkeypatch.syspath_prepend(tmp_path / "installed")
    with pytest.raises(InputError, match=r"^broken_package.sub:f: ZeroDivisionError"):
        find_function("broken_package.sub:f", tmp_path)
