"""The keys of the file of a sweep, and the messages about invalid ones."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from neuro_mod.config import load_experiment
from neuro_mod.config.plain import to_yaml
from neuro_mod.config.sweep import load_sweep, sweep_of
from tests.helpers.platforms import POSIX_ONLY
from tests.helpers.problems import problems_of
from tests.helpers.shared import CONFIGS, SMALL

messages = partial(problems_of, load_sweep)

RATE = "external_currents.nu_ext_baseline[0]"
BASE = {"config": SMALL, "parameters": {"arousal.level": [0, 1]}}
ONE_OF = (
    "one of rates, n_states, lifetimes, occupancy, activations, intervals, entropy, fixed_points, eigenvalues, "
    "barriers, sensitivities, or a function of yours as module:function"
)
VALUES = "a list of values, or a range such as {from: 0, to: 1, n: 5}"


@pytest.fixture
def written(tmp_path):
    def write(text: str, name: str = "sweep.yaml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("where", ["beside", "below", "above", "absolute", pytest.param("home", marks=POSIX_ONLY)])
def test_the_path_of_the_configuration_is_relative_to_the_file(written, tmp_path, monkeypatch, where):
    place, path = {
        "beside": ("in/small.yaml", "small.yaml"),
        "below": ("in/configs/small.yaml", "configs/small.yaml"),
        "above": ("small.yaml", "../small.yaml"),
        "absolute": ("small.yaml", str(tmp_path / "small.yaml")),
        "home": ("small.yaml", "~/small.yaml"),
    }[where]
    monkeypatch.setenv("HOME", str(tmp_path))
    written(to_yaml(SMALL), place)
    file = written(f"config: {path}\nparameters: {{arousal.level: [0, 1]}}\n", "in/my_sweep.yaml")
    monkeypatch.chdir(Path(__file__).parent)
    sweep = load_sweep(file)
    assert sweep.experiment == load_experiment(SMALL)
    assert (sweep.name, sweep.folder) == ("my_sweep", tmp_path / "in")
    assert load_sweep({"config": tmp_path / place, "parameters": {"arousal.level": [0, 1]}}).name == "sweep"


@POSIX_ONLY
def test_a_sweep_in_the_home_folder(written, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    written(to_yaml(SMALL), "small.yaml")
    written("config: small.yaml\nparameters: {arousal.level: [0, 1]}\n", "mine.yaml")
    assert load_sweep("~/mine.yaml").folder == tmp_path  # where modules of measures are looked for


@pytest.mark.parametrize("path", ["$HOME/small.yaml", "~nobody_of_this_name/small.yaml", "x" * 256])
def test_paths_of_configurations_that_cannot_be(written, path):
    file = written(f"config: {path}\nparameters: {{arousal.level: [0, 1]}}\n")
    (said,) = messages(file)
    assert f"{file}:1: config: " in said and "(~ is the home folder; no $)" in said


@pytest.mark.parametrize("name", ["$HOME", "a$b"])
def test_no_folder_is_named_after_a_variable(written, name):
    (said,) = messages({**BASE, "name": name})
    assert said.startswith("name: ") and 'no / \\ : * ? " < > | $, not . or ..' in said


def test_all_keys_of_a_file(written):
    file = written(
        """\
config:
  init_params: {duration_sec: 2}
  settings: {save_dir: my/results}
set:
  init_params.duration_sec: 3
  arousal: {level: 0.5}
parameters:
  arousal.level: {from: 0, to: 1, n: 3}
  external_currents.nu_ext_baseline[0]: {from: 0.1, to: 10, n: 3, spacing: log}
  init_params.mechanism: [analytic, euler]
combine: grid
repeats: 4
fix_network: true
measures: [rates, n_states, lifetimes, "my_measures:synchrony", "package.module:f"]
keep_spikes: true
seed: 18446744073709551616
name: map
"""
    )
    sweep = load_sweep(file)
    assert (len(sweep.points), sweep.n_runs, sweep.simulated_seconds) == (18, 72, 216)
    assert (sweep.seed, sweep.out) == (2**64, Path("my/results/map"))
    assert sweep.experiment.settings.random_seed == 2**64
    assert dict(sweep.points[3].values) == {"arousal.level": 0, RATE: 1, "init_params.mechanism": "euler"}
    assert sweep.points.keys_of_log_ranges == {RATE}


def test_defaults_of_keys_that_are_left_out(written):
    sweep = load_sweep(written("config: {}\nset:\nparameters:\n  arousal.level: [0.5]\n"))
    assert sweep.experiment == load_experiment({})
    assert (sweep.file.repeats, sweep.file.measures, sweep.file.combine) == (1, ("rates",), "grid")
    assert (sweep.seed, sweep.file.fix_network, sweep.file.keep_spikes) == (
        load_experiment({}).settings.random_seed,
        False,
        False,
    )


def test_arguments_replace_values_of_the_file():
    source = BASE | {"seed": 3, "repeats": 2, "set": {"arousal.k": 1.0, "settings.random_seed": 9}}
    assert (load_sweep(source).seed, load_sweep(source).n_runs) == (3, 4)
    changed = load_sweep(source, ["arousal.k=2.0"], seed=4, repeats=5)
    assert (changed.seed, changed.n_runs, changed.experiment.arousal.k) == (4, 10, 2)
    assert load_sweep(source, ["settings.random_seed=6"]).seed == 6
    assert load_sweep({k: v for k, v in source.items() if k != "seed"}).seed == 9


def test_simulated_time_may_vary():
    sweep = load_sweep(BASE | {"parameters": {"init_params.duration_sec": [1, 2.5]}, "repeats": 2})
    assert sweep.durations.tolist() == [1, 2.5] and sweep.simulated_seconds == 7


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("arousal.k", [5]),
        ("arousal.k", (5, 5.5)),
        ("arousal.k", {"from": 2, "to": 1, "n": 2}),
        ("architecture.network.n_neurons", {"from": 60, "to": 63, "n": 2}),
        ("init_params.mechanism", ["analytic", "euler"]),
        ("init_params.threshold", [0.5, [1, 2], [3, 4]]),
        ("arousal", [{"level": 0}, {"level": 1}]),
        ("perturbation.rate", [{"vectors": [[1, 0]], "involved_clusters": [[0, 1]], "params": [1]}]),
    ],
)
def test_values_of_any_kind_may_vary(key, values):
    points = load_sweep(BASE | {"parameters": {key: values}}).points
    assert len(points) == (2 if isinstance(values, dict) else len(values))
    assert all(list(point.values) == [key] for point in points)


def test_every_problem_is_reported_at_once_with_its_line(written):
    file = written(
        """\
config: {arousal: {levle: 1}}
set: {init_params.duration_sec: -1}
parameters:
  arousal.level: {from: 0, to: 1, n: 2.5}
  init_params.mechanism: []
combine: gird
repeats: 0
measure: [rates]
name: a/b
"""
    )
    said = [line.removeprefix(f"{file}:").partition("; expected")[0].partition(" (valid")[0] for line in messages(file)]
    assert sorted(said) == [
        "1: arousal.levle: unknown key; did you mean level?",
        "2: init_params.duration_sec: -1 found",
        "4: parameters.arousal.level.n: 2.5 found",
        "5: parameters.init_params.mechanism: 0 entries found",
        '6: combine: "gird" found',
        "7: repeats: 0 found",
        "8: measure: unknown key; did you mean measures?",
        '9: name: "a/b" found',
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "",
            "the file is empty; expected a mapping of keys (config, set, parameters, conditions, n_directions, combine",
        ),
        ("- 3", "the file holds a list; expected a mapping of keys (config"),
        ("a: [", "not valid YAML"),
        ("config: {}\nconfig: {}", "duplicate key; it is also on line 1"),
        ("parameters: {arousal.level: [0, 1], arousal.level: [2]}", "duplicate key"),
        ("config: !!python/object:os.system {}", "the tag !!python/object:os.system is not allowed"),
    ],
)
def test_files_that_cannot_be_read(written, content, said):
    assert said in messages(written(content))[0]


def test_files_that_do_not_exist(written, tmp_path):
    file = written("config: smal.yaml\nparameters: {arousal.level: [0, 1]}\n")
    written(to_yaml(SMALL), "small.yaml")
    assert messages(file) == [f"{tmp_path}/smal.yaml: no such file; did you mean {tmp_path}/small.yaml?"]
    assert messages(tmp_path / "swep.yaml") == [f"{tmp_path}/swep.yaml: no such file; did you mean {file}?"]
    assert messages(written("config: nowhere/x.yaml\nparameters: {arousal.level: [0]}\n")) == [
        f"{tmp_path}/nowhere/x.yaml: no such file; folder {tmp_path}/nowhere does not exist"
    ]
    assert messages(3)[0] == "3 found; expected the path of a sweep, or a mapping of its keys"


def test_problems_of_the_configuration_are_reported_at_its_own_lines(written, tmp_path):
    written("arousal:\n  levle: 1\n", "small.yaml")
    file = written("config: small.yaml\nset:\n  arousal.k: x\nparameters: {arousal.level: [0, 1]}\n")
    of_override, of_file = messages(file)
    assert of_override == f'{file}:3: arousal.k: "x" found; expected a number > 0'
    assert of_file.startswith(f"{tmp_path}/small.yaml:2: arousal.levle: unknown key; did you mean level?")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"config": 3}, "config: 3 found; expected the path of a configuration, seen from this file, the name"),
        ({"config": " "}, 'config: "" found; expected the path'),
        ({"set": [1]}, "set: [1] found; expected a mapping of keys to values, or nothing"),
        ({"set": {"arousl.level": 1}}, "arousl: unknown key; did you mean arousal?"),
        ({"parameters": {}}, "parameters: 0 entries found; expected a mapping from keys such as arousal.level"),
        ({"parameters": None}, "parameters: missing value; expected a mapping from keys such as arousal.level"),
        ({"parameters": ["arousal.level"]}, 'parameters: ["arousal.level"] found; expected a mapping from keys'),
        ({"combine": "gird"}, 'combine: "gird" found; expected one of grid, zipped, sampled'),
        ({"n_samples": 3}, "n_samples: has no effect with combine: grid; only combine: sampled uses it"),
        (
            {"combine": "sampled"},
            "n_samples: missing; expected a whole number >= 1; how many points combine: sampled draws",
        ),
        ({"combine": "sampled", "n_samples": 0}, "n_samples: 0 found; expected a whole number >= 1"),
        ({"repeats": 0}, "repeats: 0 found; expected a whole number >= 1"),
        ({"repeats": 1.5}, "repeats: 1.5 found; expected a whole number >= 1"),
        ({"repeats": "3"}, 'repeats: "3" found; expected a whole number >= 1'),
        ({"fix_network": "yes"}, 'fix_network: "yes" found; expected true or false'),
        ({"keep_spikes": 1}, "keep_spikes: 1 found; expected true or false"),
        ({"measures": []}, f"measures: 0 entries found; expected a list of entries, each {ONE_OF}"),
        ({"measures": "rates"}, f'measures: "rates" found; expected a list of entries, each {ONE_OF}'),
        ({"measures": ["rate"]}, f'measures[0]: "rate" found; expected {ONE_OF}'),
        ({"measures": ["rates", "../x:f"]}, f'measures[1]: "../x:f" found; expected {ONE_OF}'),
        ({"measures": ["rates", "rates"]}, "measures[1]: duplicate measure rates"),
        ({"measures": ["a:f", "b:f"]}, "measures[1]: b:f has the same name as a:f"),
        ({"seed": -1}, "seed: -1 found; expected a whole number >= 0"),
        ({"seed": None}, "seed: missing value; expected a whole number >= 0"),
        ({"name": ".."}, 'name: ".." found; expected a plain folder name'),
        ({"paramters": {}}, "paramters: unknown key; did you mean parameters? (valid: config, set, parameters"),
    ],
)
def test_keys_with_a_wrong_value(change, said):
    assert [line for line in messages(BASE | change) if line.startswith(said)]


def test_required_keys():
    assert messages({}) == [
        "config: missing; expected the path of a configuration, seen from this file, the name of a shipped one, or a "
        "mapping of sections "
        "(~ is the home folder; no $); the configuration that is varied",
        "parameters: missing; expected a mapping from keys such as arousal.level to values; what varies, by key",
    ]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([], f": 0 entries found; expected {VALUES}"),
        (None, f": missing value; expected {VALUES}"),
        (0.5, f": 0.5 found; expected {VALUES}"),
        ("0.5", f': "0.5" found; expected {VALUES}'),
        ([0, float("nan")], "[1]: nan found; expected a plain value, finite if it is a number"),
        ([0, [float("inf")]], "[1]: [inf] found; expected a plain value, finite if it is a number"),
        ([0.5, 0, 0.5], ": duplicate value 0.5"),
        ([1, 1.0, 0, 0], ": duplicate values 1, 0"),
        ({}, ".from: missing; expected a number; first value"),
        ({"from": 0, "to": 1}, ".n: missing; expected a whole number >= 2; how many values"),
        ({"from": 0, "to": 1, "n": 0}, ".n: 0 found; expected a whole number >= 1"),
        ({"from": 0.5, "to": 1, "n": 1}, ".n: 1 found; expected a whole number >= 2; a single value is a list: [0.5]"),
        ({"from": 0, "to": 1, "n": 2.5}, ".n: 2.5 found; expected a whole number >= 1"),
        ({"from": 0, "to": 1, "n": "3"}, '.n: "3" found; expected a whole number >= 1'),
        ({"from": 0, "to": float("nan"), "n": 3}, ".to: nan found; expected a number"),
        ({"from": "a", "to": 1, "n": 3}, '.from: "a" found; expected a number'),
        ({"from": 1, "to": 1, "n": 3}, ": from and to are equal; a single value is a list: [1.0]"),
        ({"from": 0, "to": 1, "n": 3, "spacing": "log"}, ".from: 0.0 found; expected a number > 0, as spacing is log"),
        ({"from": 1, "to": -1, "n": 3, "spacing": "log"}, ".to: -1.0 found; expected a number > 0, as spacing is log"),
        (
            {"from": 0, "to": 1, "n": 3, "spacing": "logarithmic"},
            '.spacing: "logarithmic" found; expected one of linear',
        ),
        ({"from": 0, "too": 1, "n": 3}, ".too: unknown key; did you mean to? (valid: from, to, n, spacing)"),
    ],
)
def test_values_that_are_neither_a_list_nor_a_range(values, said):
    assert f"parameters.arousal.level{said}" in "\n".join(messages(BASE | {"parameters": {"arousal.level": values}}))


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"arousal.levl": [0, 1]}, "arousal.levl: unknown key; did you mean level?"),
        ({"a b": [0, 1]}, 'cannot read the key "a b"; expected names joined by dots'),
        ({"arousal": [0, 1]}, "arousal: 0 found; expected a mapping"),
        ({"init_params.threshold[5]": [1, 2]}, "init_params.threshold[5]: index out of range"),
        (
            {"settings.random_seed": [1, 2]},
            "cannot be swept; the root seed and the point give the seeds; for several seeds at a point use repeats",
        ),
        ({"settings.plot": [True, False]}, "parameters.settings.plot: cannot be swept; it does not affect results"),
        ({"settings": [{}, {"plot": False}]}, "parameters.settings: cannot be swept; it does not affect results"),
        ({RATE: [1, 2], RATE[:-3]: [[1, 2], [3, 4]]}, f"parameters.{RATE}: {RATE[:-3]} sets this value too"),
        ({"stimulus.amplitude": [1, 2]}, "parameters.stimulus.amplitude: no effect; no point has a stimulus"),
    ],
)
def test_keys_that_cannot_vary(parameters, said):
    assert said in "\n".join(messages(BASE | {"parameters": parameters}))


def test_a_stimulus_may_vary_where_there_is_one():
    stimulus = {"stimulus.amplitude": [0, 1]}
    assert len(load_sweep(BASE | {"parameters": stimulus, "set": {"stimulus.onsets": [0.1]}}).points) == 2
    onsets = {"stimulus.onsets": [[], [0.1]], "stimulus.amplitude": [1.5]}
    assert len(load_sweep(BASE | {"parameters": onsets}).points) == 2


def test_a_value_that_is_set_must_not_vary():
    given = BASE | {"set": {"arousal.level": 0.5}}
    assert messages(given) == ["set.arousal.level: the parameter arousal.level sets this value too"]
    assert messages(BASE, ["arousal.k=1", "arousal.level=0.5"]) == [
        "--set arousal.level=0.5: arousal.level: no effect; the parameter arousal.level sets this value at each point"
    ]
    assert "no effect" in messages(BASE, {"arousal.level": 0.5})[0]
    whole = BASE | {"parameters": {"init_params.threshold": [[1, 2], [2, 3]]}}
    assert "no effect" in messages(whole, ["init_params.threshold[0]=1"])[0]
    assert len(load_sweep(BASE, (text for text in ["arousal={level: 0.5}"])).points) == 2


def test_zipped_parameters_need_the_same_number_of_values():
    zipped = {"combine": "zipped", "parameters": {"arousal.level": [0, 1, 0.5], RATE: {"from": 1, "to": 5, "n": 4}}}
    assert messages(BASE | zipped) == [
        f"combine: zipped parameters need the same number of values; arousal.level has 3, {RATE} has 4"
    ]
    twice = {"combine": "zipped", "parameters": {"arousal.level": [0, 1, 0.0], RATE: [5, 5, 5.0]}}
    assert messages(BASE | twice) == [
        f"parameters: point 2 (arousal.level=0, {RATE}=5) equals point 0 (arousal.level=0, {RATE}=5)"
    ]


def test_samples_come_from_the_whole_range():
    ranged = {"combine": "sampled", "n_samples": 3, "parameters": {"arousal.level": {"from": 0, "to": 1, "n": 3}}}
    assert messages(BASE | ranged) == [
        "parameters.arousal.level.n: 3 found, but points are sampled; combine: sampled draws n_samples points from "
        "the whole range"
    ]


def test_points_that_are_not_valid_are_named(written):
    config = CONFIGS / "default_snn_params.yaml"
    file = written(f"config: {config}\nparameters:\n  arousal.level: [0.5, 2, 0.7, 3]\n  {RATE}: [5, -1]\n")
    assert messages(file) == [
        f"{file}:4: point 1 ({RATE}=-1): {RATE}: -1 found; expected a number >= 0; 3 more points likewise",
        f"{file}:3: point 2 (arousal.level=2): arousal.level: 2 found; expected a number >= 0 and <= 1; 1 more point "
        "likewise",
        f"{file}:3: point 6 (arousal.level=3): arousal.level: 3 found; expected a number >= 0 and <= 1; 1 more point "
        "likewise",
    ]


def test_values_that_do_not_fit_together_at_one_point():
    sizes = {"architecture.network.n_neurons": [60, 61], "architecture.network.n_excitatory": [40, 100]}
    said = messages(BASE | {"parameters": sizes, "combine": "zipped"})
    assert all(line.startswith("point 1 (") for line in said) and "100" in said[0]


def test_the_number_of_reported_problems_of_points_is_limited():
    said = messages(BASE | {"parameters": {"arousal.level": {"from": 2, "to": 3, "n": 500}}})
    assert len(said) == 20


BILLION = {"from": 0, "to": 1, "n": 10**9}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"parameters": {"arousal.level": BILLION}},
            "parameters: 1,000,000,000 points found; expected at most 100,000",
        ),
        ({"parameters": {"arousal.level": BILLION | {"n": 1e9}}}, "parameters: 1,000,000,000 points found"),
        (
            {"parameters": {"arousal.level": BILLION, "arousal.k": BILLION | {"n": 10**4000}}},
            "parameters: a huge number of points found; expected at most 100,000",
        ),
        ({"parameters": {"arousal.k": BILLION}, "combine": "zipped"}, "parameters: 1,000,000,000 points found"),
        (
            {"parameters": {"arousal.level": {"from": 0, "to": 1}}, "combine": "sampled", "n_samples": 10**9},
            "n_samples: 1,000,000,000 points found; expected at most 100,000",
        ),
        ({"repeats": 10**9}, "repeats: 2,000,000,000 runs at 2 points found; expected at most 1,000,000"),
    ],
)
def test_too_many_points_are_refused_before_they_use_memory(change, said):
    resource = pytest.importorskip("resource")  # of POSIX
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert messages(BASE | change)[0].startswith(said)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 50_000, "kB; a billion numbers take 8 GB"


def test_the_folder_of_modules_is_that_of_the_file(written, monkeypatch):
    file = written("config: {}\nparameters: {arousal.level: [0, 1]}\n")
    monkeypatch.chdir(file.parent)
    assert load_sweep("sweep.yaml").folder.resolve() == file.parent
    assert load_sweep(os.fspath(file)).folder == file.parent


def test_a_sweep_of_values_in_python_keeps_the_values_as_they_are():
    values = [np.array([8.0, 9.0]), (9, 8)]
    sweep = sweep_of(load_experiment(SMALL), RATE[:-3], values, 3)
    assert [point.values[RATE[:-3]] is value for point, value in zip(sweep.points, values, strict=True)] == [True] * 2
    assert (sweep.n_runs, sweep.parameters, sweep.simulated_seconds) == (6, (RATE[:-3],), 0)
