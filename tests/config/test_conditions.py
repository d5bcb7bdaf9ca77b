"""Conditions, networks and trials in files of sweeps: what they mean, and what is refused."""

from __future__ import annotations

from functools import partial

import pytest

from neuro_mod.config.sweep import is_sweep, load_sweep
from tests.helpers.problems import problems_of
from tests.helpers.shared import SMALL

messages = partial(problems_of, load_sweep)
LEVEL, AMPLITUDE, CLUSTERS = "arousal.level", "stimulus.amplitude", "stimulus.clusters"
STIMULATED = SMALL | {"stimulus": {"onsets": [0.1]}}
TWO = {"none": {}, "one": {AMPLITUDE: 1.0, CLUSTERS: [0]}}
BASE = {"config": STIMULATED, "conditions": TWO}


def points_of(**changed):
    return [(point.condition, dict(point.values)) for point in load_sweep(BASE | changed).points]


def test_conditions_are_crossed_with_a_grid():
    assert points_of() == [("none", {}), ("one", {})]
    assert points_of(parameters={LEVEL: [0, 0.5], "arousal.k": [1, 2]}) == [
        (name, {LEVEL: level, "arousal.k": k}) for name in ("none", "one") for level in (0, 0.5) for k in (1, 2)
    ]


def test_conditions_are_zipped_like_another_list():
    zipped = {"combine": "zipped", "parameters": {LEVEL: [0.5, 0.25]}}
    assert points_of(**zipped) == [("none", {LEVEL: 0.5}), ("one", {LEVEL: 0.25})]
    assert points_of(combine="zipped") == [("none", {}), ("one", {})]
    assert messages(BASE | zipped | {"parameters": {LEVEL: [0, 0.5, 1]}}) == [
        "combine: zipped parameters need the same number of values; arousal.level has 3, conditions has 2"
    ]


def test_all_conditions_have_the_same_samples():
    sampled = {"combine": "sampled", "n_samples": 3, "parameters": {LEVEL: {"from": 0, "to": 1}}}
    points = points_of(**sampled)
    assert [name for name, _ in points] == ["none"] * 3 + ["one"] * 3
    assert [values for _, values in points[:3]] == [values for _, values in points[3:]]
    alone = load_sweep({"config": STIMULATED} | sampled).points
    assert [values for _, values in points[:3]] == [dict(point.values) for point in alone]


def test_values_of_a_point_are_those_of_its_condition_and_its_parameters():
    conditions = {"long": {"stimulus": {"duration_sec": "20 ms", "amplitude": 2}, "arousal.M": "0.001 kHz"}}
    point = load_sweep(BASE | {"conditions": conditions, "parameters": {LEVEL: [1]}}).points[0]
    assert point.overrides == {"stimulus": {"duration_sec": 0.02, "amplitude": 2}, "arousal.M": 1.0, LEVEL: 1}
    assert str(point) == "point 0 (condition long, arousal.level=1)"


def test_the_number_of_runs():
    sweep = load_sweep(BASE | {"networks": 3, "trials": 4, "parameters": {LEVEL: [0, 0.5]}})
    assert (sweep.n_runs, sweep.file.runs_at_point, sweep.simulated_seconds) == (48, 12, pytest.approx(9.6))
    assert (sweep.file.common_noise, sweep.file.by_network) == (True, True)
    assert load_sweep(BASE).n_runs == 2
    assert load_sweep(BASE, networks=2, trials=5).n_runs == 20
    only_trials = load_sweep({"config": SMALL, "parameters": {LEVEL: [0, 1]}, "trials": 3})
    assert (only_trials.file.numbers, only_trials.n_runs) == ((1, 3), 6)


def test_a_file_with_conditions_alone_is_a_sweep(tmp_path):
    file = tmp_path / "sweep.yaml"
    file.write_text("config: {}\nconditions:\n  none:\n  low: {arousal.level: 0}\n")
    assert is_sweep(file) and [point.condition for point in load_sweep(file).points] == ["none", "low"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"conditions": {}}, "conditions: 0 entries found; expected a mapping from names"),
        ({"conditions": ["a"]}, 'conditions: ["a"] found; expected a mapping from names'),
        ({"conditions": {"a": 3}}, "conditions.a: 3 found; expected a mapping of keys to values, or nothing"),
        ({"repeats": 2}, "repeats: 2 found beside conditions; networks: N and trials: M replace repeats"),
        ({"fix_network": True}, "fix_network: true found beside conditions; networks: 1 is a single network"),
        ({"noise": "independent"}, "noise: independent found beside conditions; noise depends on network and trial"),
        ({"networks": 0}, "networks: 0 found; expected a whole number >= 1"),
        ({"trials": None}, "trials: missing value; expected a whole number >= 1"),
        ({"networks": 1000, "trials": 501}, "trials: 1,002,000 runs at 2 points found; expected at most 1,000,000"),
        ({"combine": "sampled", "n_samples": 2}, "combine: sampled found without parameters"),
        ({"set": {AMPLITUDE: 2.0}}, f"conditions.one.{AMPLITUDE}: set.{AMPLITUDE} sets this value too"),
        ({"set": {"stimulus": {"amplitude": 2.0}}}, f"conditions.one.{AMPLITUDE}: set.stimulus sets this value too"),
        (
            {"parameters": {AMPLITUDE: [1, 2]}},
            f"conditions.one.{AMPLITUDE}: the parameter {AMPLITUDE} sets this value too",
        ),
        ({"parameters": {"stimulus.onsets[0]": [0.1]}, "conditions": {"a": {"stimulus.onsets": [0]}}}, "conditions.a."),
        (
            {"conditions": {"a": {CLUSTERS: [0], "stimulus": {"clusters": [1]}}}},
            f"conditions.a.stimulus: {CLUSTERS} sets",
        ),
        (
            {"conditions": {"a": {"settings.random_seed": 1}}},
            "conditions.a.settings.random_seed: cannot differ between",
        ),
        (
            {"conditions": {"a": {"settings": {"plot": False}}}},
            "conditions.a.settings: cannot differ between conditions",
        ),
        ({"conditions": {"a": {}, "b": {}}}, "conditions: point 1 (condition b) equals point 0 (condition a)"),
        (
            {"conditions": {"a": {"stimulus.cluster": [0]}}},
            "conditions.a.stimulus.cluster: unknown key; did you mean clusters?",
        ),
        ({"conditions": {"a": {"a b": 1}}}, 'cannot read the key "a b"'),
        ({"conditions": TWO | {"far": {CLUSTERS: [3]}}}, f"conditions.far.{CLUSTERS}[0]: 3 found; expected E clusters"),
        ({"config": SMALL}, f"conditions.one.{AMPLITUDE}: no effect; no point has a stimulus"),
        ({"analysis": {"method": "gains"}}, 'analysis.method: "gains" found; expected one of'),
        ({"analysis": {"threshold_hz": 1}}, "analysis: parameters: "),
        ({"analysis": {"methd": "gain"}}, "analysis.methd: unknown key; did you mean method? (valid: method, "),
        ({"analysis": {"theshold_hz": 1}}, "analysis.theshold_hz: unknown key; did you mean threshold_hz?"),
        ({"analysis": {"sampling_ms": 0}}, "analysis.sampling_ms: 0.0 found; expected ms above 0"),
        ({"analysis": 3}, "analysis: 3 found; expected a mapping of keys to values, or nothing"),
    ],
)
def test_what_is_refused(change, said):
    assert said in "\n".join(messages(BASE | change))


def test_nothing_is_offered_once():
    (message,) = messages(BASE | {"conditions": {"a": 3}})
    assert message.endswith("conditions.a: 3 found; expected a mapping of keys to values, or nothing")


def test_problems_of_a_condition_are_reported_once_at_their_lines(tmp_path):
    file = tmp_path / "sweep.yaml"
    file.write_text(
        """\
config: {stimulus: {onsets: [0.1], amplitude: 1}}
conditions:
  none:
  far:
    stimulus.clusters: [18]
  near: {stimulus.neuron: 0.5}
parameters: {arousal.level: [0, 0.5, 1]}
"""
    )
    far, near = messages(file)
    assert far.startswith(f"{file}:5: conditions.far.stimulus.clusters[0]: 18 found; expected E clusters from 0 to 17")
    assert near.startswith(f"{file}:6: conditions.near.stimulus.neuron: unknown key; did you mean neurons? (valid: ")


def test_values_of_the_command_line_do_not_replace_those_of_conditions():
    (problem,) = messages(BASE, [f"{AMPLITUDE}=2"])
    assert problem.startswith(f"--set {AMPLITUDE}=2: {AMPLITUDE}: the condition one sets this value too")
    assert messages(BASE | {"conditions": {"a": {"arousal": {"level": 0}}}}, ["arousal.level=1"])
    assert len(load_sweep(BASE, ["arousal.level=1"]).points) == 2


def test_options_of_repeats_and_of_networks_do_not_mix():
    assert messages(BASE, repeats=2) == [
        "repeats: 2 found beside conditions; networks: N and trials: M replace repeats",
    ]
    repeats = {"config": SMALL, "parameters": {LEVEL: [0, 1]}, "repeats": 2}
    assert messages(repeats, trials=2) == ["repeats: 2 found beside trials; networks: N and trials: M replace repeats"]
