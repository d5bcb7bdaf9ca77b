"""Effective parameters against the table of the model description, written out pair by pair."""

from __future__ import annotations

from dataclasses import fields
from math import log2, sqrt

import numpy as np
import pytest

from neuro_mod.config import load_experiment
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.course import Course
from neuro_mod.core.modulation import check_possible, modulated_circuit, modulated_courses
from neuro_mod.core.neurons import NEURON_PARAMETERS
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.core.spiking_net.engine.courses import VARIABLE
from neuro_mod.execution.stagers.assembly import build_baseline, build_circuit
from tests.helpers.shared import SMALL

#: Three clusters, parameters that differ from population to population, and an external inhibitory source that the
#: I neurons do not receive.
EXPERIMENT = load_experiment(
    SMALL
    | {
        "init_params": {
            "duration_sec": 0.2,
            "tau_membrane": [0.02, 0.018, 0.022, 0.019, 0.015, 0.016, 0.017, 0.021],
            "tau_synaptic": [5e-3, 4e-3],
            "tau_refractory": [5e-3, 2e-3],
            "reset_voltage": [0.125, -0.25],
        },
        "external_currents": {
            "c_ext": [320, 300, 80, 0],
            "nu_ext_baseline": [9.0, 8.0, 3.0, 2.0],
            "j_ext": [0.18, 0.1, -0.2, -0.3],
        },
    }
)
BASELINE = build_baseline(EXPERIMENT)
POPULATIONS = BASELINE.populations
P = 8  # E0 E1 E2 E_background I0 I1 I2 I_background
CLUSTER = {0: 0, 1: 1, 2: 2, 4: 0, 5: 1, 6: 2}
FIELDS = [field.name for field in fields(Circuit) if field.name != "neurons"] + list(NEURON_PARAMETERS)

#: How far a random perturbation of a target goes: large enough to see, small enough to leave parameters possible.
SCALE = {
    "rate": 5.0,
    "j_baseline": 0.8,
    "j_potentiated": 0.8,
    "j_ext": 0.1,
    "threshold": 0.3,
    "tau_membrane": 0.01,
    "tau_synaptic": 0.002,
    "tau_refractory": 0.001,
    "arousal_level": 0.9,
    "arousal_L": 0.2,
    "arousal_x_0": 0.15,
    "arousal_k": 0.9,
    "arousal_M": 9.0,
}
#: The fields of a circuit that a target may change.
CHANGES = {
    "rate": {"external_rate"},
    "j_baseline": {"block_weights"},
    "j_potentiated": {"block_weights"},
    "j_ext": {"external_weight"},
    "arousal_level": {"block_weights", "arousal_rate"},
    "arousal_L": {"block_weights"},
    "arousal_x_0": {"block_weights", "arousal_rate"},
    "arousal_k": {"block_weights", "arousal_rate"},
    "arousal_M": {"arousal_rate"},
} | {name: {name} for name in ("threshold", "tau_membrane", "tau_synaptic", "tau_refractory")}
every_target = pytest.mark.parametrize("target", TARGETS)


def random_delta(target, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, P) * SCALE[target]


def effect_of_arousal(x, x_0, k):
    """y(x) of section 4."""
    alpha = log2(1 / (1 + ((1 - x_0) / x_0) ** (1 / k)))
    return 0.0 if x == 0 else 1 / (1 + (x**alpha - 1) ** k)


def expected_circuit(deltas, baseline=BASELINE):
    """Every quantity of the circuit, population by population, from sections 4 and 5 of the model description."""
    value = baseline.parameters
    d = {target: np.broadcast_to(deltas.get(target, 0.0), P) for target in TARGETS}
    arousal = {}
    for a in range(P):
        x = min(max(value["arousal_level"][a] + d["arousal_level"][a], 0.0), 1.0)
        x_0, k = value["arousal_x_0"][a] + d["arousal_x_0"][a], value["arousal_k"][a] + d["arousal_k"][a]
        arousal[a] = effect_of_arousal(x, x_0, k)
    weights, n = baseline.block_weights.copy(), 60
    for post in range(P):
        for pre in range(P):
            weights[post, pre] *= 1 + d["j_baseline"][post]
            if post in CLUSTER and pre in CLUSTER and CLUSTER[post] == CLUSTER[pre]:
                weights[post, pre] *= 1 + d["j_potentiated"][post]
            if post < 4 and pre < 4:
                weights[post, pre] *= 1 - (value["arousal_L"][post] + d["arousal_L"][post]) * arousal[post]
    rate, external_weight = value["rate"].copy(), value["j_ext"] / sqrt(n)
    for source in range(2):
        for a in range(P):
            if baseline.external_in_degree[source, a] > 0:
                rate[source, a] = max(value["rate"][source, a] + d["rate"][a], 0.0)
                external_weight[source, a] = (value["j_ext"][source, a] + d["j_ext"][a]) / sqrt(n)
    return {
        "block_weights": weights,
        "external_rate": rate,
        "external_weight": external_weight,
        "arousal_rate": np.array([(value["arousal_M"][a] + d["arousal_M"][a]) * arousal[a] for a in range(P)]),
    } | {name: value[name] + d[name] for name in ("threshold", "tau_membrane", "tau_synaptic", "tau_refractory")}


def quantity(circuit, name):
    return getattr(circuit.neurons if name in NEURON_PARAMETERS else circuit, name)


def assert_circuit(circuit, expected):
    for name, values in expected.items():
        np.testing.assert_allclose(quantity(circuit, name), values, rtol=1e-12, atol=1e-15, err_msg=name)


def same(one, other, names=FIELDS):
    """Names of the fields whose bytes are the same."""
    pairs = {name: (quantity(one, name), quantity(other, name)) for name in names}
    return {
        name
        for name, (a, b) in pairs.items()
        if (a.tobytes() == b.tobytes() and a.shape == b.shape if isinstance(a, np.ndarray) else a == b)
    }


def test_the_experiment_is_what_the_tests_take_it_for():
    assert POPULATIONS.names == ("E0", "E1", "E2", "E_background", "I0", "I1", "I2", "I_background")
    assert POPULATIONS.n_neurons == 60
    assert BASELINE.external_in_degree[1].tolist() == [80] * 4 + [0] * 4
    assert set(SCALE) == set(CHANGES) == set(TARGETS)
    assert len(TARGETS) == 13  # those of the user's README


@every_target
@pytest.mark.parametrize("seed", range(3))
def test_a_target_alone(target, seed):
    delta = random_delta(target, seed)
    circuit, before = modulated_circuit(BASELINE, {target: delta}), modulated_circuit(BASELINE)
    assert_circuit(circuit, expected_circuit({target: delta}))
    assert set(FIELDS) - same(circuit, before) == CHANGES[target]


@pytest.mark.parametrize("seed", range(5))
def test_all_targets_at_once(seed):
    deltas = {target: random_delta(target, seed * 100 + i) for i, target in enumerate(TARGETS)}
    assert_circuit(modulated_circuit(BASELINE, deltas), expected_circuit(deltas))


@pytest.mark.parametrize("heterogeneity", ["quenched", "per_step", "none"])
def test_what_no_perturbation_touches_is_passed_on(heterogeneity):
    experiment = EXPERIMENT.replace(
        {"arousal.heterogeneity": heterogeneity, "architecture.network.in_degree": "binomial"}
    )
    circuit = modulated_circuit(build_baseline(experiment), {"rate": 1.0})
    assert circuit.arousal_heterogeneity == heterogeneity and circuit.in_degree == "binomial"
    assert circuit.neurons.reset_voltage.tolist() == [0.125] * 4 + [-0.25] * 4


@every_target
@pytest.mark.parametrize("population", range(P))
def test_one_population_is_changed_where_it_receives(target, population):
    delta = np.zeros(P)
    delta[population] = 0.5 * SCALE[target]
    circuit, before = modulated_circuit(BASELINE, {target: delta}), modulated_circuit(BASELINE)
    for name in CHANGES[target]:
        changed = quantity(circuit, name) != quantity(before, name)
        where = set(np.argwhere(changed)[:, 0 if name == "block_weights" else -1].tolist())
        no_effect = name == "block_weights" and (
            (target.startswith("arousal") and population >= 4) or (target == "j_potentiated" and population in (3, 7))
        )
        assert where == (set() if no_effect else {population})


def test_one_number_stands_for_all_populations():
    for target, scale in SCALE.items():
        one = modulated_circuit(BASELINE, {target: 0.3 * scale})
        assert same(one, modulated_circuit(BASELINE, {target: np.full(P, 0.3 * scale)})) == set(FIELDS)


@every_target
def test_zero_is_none(target):
    before = modulated_circuit(BASELINE)
    for zero in (0.0, np.zeros(P), np.full(P, -0.0)):
        assert same(modulated_circuit(BASELINE, {target: zero}), before) == set(FIELDS)
    assert same(build_circuit(EXPERIMENT), before) == set(FIELDS)


def test_rates_are_clipped_at_zero():
    circuit = modulated_circuit(BASELINE, {"rate": [-100.0, -9.0, -8.5, 1, -8.0, -7.5, 0, 100]})
    assert circuit.external_rate[0].tolist() == [0, 0, 0.5, 10, 0, 0.5, 8, 108]
    assert circuit.external_rate[1].tolist() == [0, 0, 0, 4, 2, 2, 2, 2]  # I neurons have no synapses from it


def test_the_level_is_clipped_to_zero_and_one():
    deltas = {"arousal_level": np.array([-5.0, -0.3, 0.7, 5.0, -1.0, 1.0, 0.0, -0.1])}
    circuit = modulated_circuit(BASELINE, deltas)
    full = 13.125  # M y(1)
    assert circuit.arousal_rate[[0, 1, 4]].tolist() == [0, 0, 0]
    np.testing.assert_allclose(circuit.arousal_rate[[2, 3, 5]], full, rtol=1e-14)
    assert_circuit(circuit, expected_circuit(deltas))


def test_within_a_cluster_is_the_same_number_for_e_and_i():
    ratio = (
        modulated_circuit(BASELINE, {"j_potentiated": 0.5}).block_weights / modulated_circuit(BASELINE).block_weights
    )
    expected = np.ones((P, P))
    for post, pre in [(0, 0), (0, 4), (4, 0), (4, 4), (1, 1), (1, 5), (5, 1), (5, 5), (2, 2), (2, 6), (6, 2), (6, 6)]:
        expected[post, pre] = 1.5
    np.testing.assert_allclose(ratio, expected, rtol=1e-15)


#: Section 4: L y at x = 0, .1, ..., 1, to eight decimals, each checked with 40 digits.
L_TIMES_Y = [
    0,
    0.00231695,
    0.01353977,
    0.03872010,
    0.08268912,
    0.15,
    0.24382135,
    0.36377966,
    0.50287958,
    0.64404054,
    0.75,
]


def test_levels_of_the_published_table():
    calm = EXPERIMENT.replace({"arousal.level": 0})
    for tenth, reduction in enumerate(L_TIMES_Y):
        circuit = modulated_circuit(build_baseline(calm), {"arousal_level": tenth / 10})
        before = modulated_circuit(build_baseline(calm))
        ratio = circuit.block_weights / before.block_weights
        np.testing.assert_allclose(ratio[:4, :4], 1 - reduction, atol=5.1e-9)
        assert (ratio[4:] == 1).all() and (ratio[:, 4:] == 1).all()
        np.testing.assert_allclose(circuit.arousal_rate, 13.125 * reduction / 0.75, atol=13.125 / 0.75 * 5.1e-9)


@pytest.mark.parametrize(
    ("name", "value", "delta"),
    [("level", 0.25, 0.25), ("L", 0.5, 0.25), ("x_0", 0.125, 0.125), ("k", 1.25, 0.5), ("M", 13.125, -3.0)],
)
def test_arousal_alike_in_all_populations_is_the_arousal_of_the_configuration(name, value, delta):
    """All sums are exact in binary, so that the results are too."""
    before = EXPERIMENT.replace({f"arousal.{name}": value})
    after = EXPERIMENT.replace({f"arousal.{name}": value + delta})
    perturbed = modulated_circuit(build_baseline(before), {f"arousal_{name}": np.full(P, delta)})
    assert same(perturbed, build_circuit(after)) == set(FIELDS)
    assert same(perturbed, build_circuit(before)) != set(FIELDS)


def random_courses(seed, targets, n_pieces=6):
    rng = np.random.default_rng(seed)
    courses = {}
    for target in targets:
        steps = np.concatenate([[0], np.sort(rng.choice(np.arange(1, 60), n_pieces - 1, replace=False))])
        courses[target] = Course(steps, rng.uniform(-1, 1, (n_pieces, P)) * SCALE[target])
    return courses


def assert_courses_are_circuits(deltas):
    courses = modulated_courses(BASELINE, deltas)
    assert set(courses) == set.union(set(), *(CHANGES[target] for target in deltas)) and set(courses) <= set(VARIABLE)
    steps = np.unique(np.concatenate([course.steps for course in deltas.values()]))
    for step in (*steps, *(steps[1:] - 1), 10**6):
        circuit = modulated_circuit(BASELINE, {target: course.at([step])[0] for target, course in deltas.items()})
        for name, course in courses.items():
            assert course.at([step])[0].tobytes() == quantity(circuit, name).tobytes(), name


@every_target
def test_a_course_is_a_circuit_piece_by_piece(target):
    assert_courses_are_circuits(random_courses(1, [target]))


@pytest.mark.parametrize("seed", range(3))
def test_courses_together_are_circuits_piece_by_piece(seed):
    assert_courses_are_circuits(random_courses(seed, TARGETS))


def test_no_perturbation_no_course():
    assert modulated_courses(BASELINE, {}) == {}


#: For each bound of each target: the baseline's value in E1 (or I0), the largest step towards the bound that is still
#: possible, one that is not, and the bound in words.
BOUNDS = [
    ("j_baseline", 1, -1.0, -1.0 - 1e-9, "at least 0"),
    ("j_potentiated", 4, -1.0, -1.5, "at least 0"),
    ("threshold", 1, -1.375 + 1e-9, -1.375, "above the reset voltage"),  # 1.5, reset 0.125
    ("threshold", 4, -1.0 + 1e-9, -1.0, "above the reset voltage"),  # 0.75, reset -0.25
    ("tau_membrane", 1, -0.018 + 1e-9, -0.018, "above 0"),
    ("tau_synaptic", 4, -4e-3 + 1e-9, -4e-3, "above 0"),
    ("tau_refractory", 4, -2e-3, -2e-3 - 1e-9, "at least 0"),
    ("arousal_L", 1, -0.75, -0.75 - 1e-9, "at least 0 and at most 1"),
    ("arousal_L", 1, 0.25, 0.25 + 1e-9, "at least 0 and at most 1"),
    ("arousal_x_0", 1, -0.2 + 1e-9, -0.2, "above 0 and below 1"),
    ("arousal_x_0", 1, 0.8 - 1e-9, 0.8, "above 0 and below 1"),
    ("arousal_k", 1, -1.25 + 1e-9, -1.25, "above 0"),
    ("arousal_M", 1, -13.125, -13.125 - 1e-9, "at least 0"),
]


@pytest.mark.parametrize(("target", "population", "possible", "impossible", "bound"), BOUNDS)
def test_bounds(target, population, possible, impossible, bound):
    values = np.zeros((3, P))
    values[1, population] = possible
    check_possible(BASELINE, {target: Course([0, 40, 60], values)}, delta_t=0.5e-3)
    modulated_circuit(BASELINE, {target: values[1]})
    values[1:, population] = impossible
    values[2, population] *= 2  # later, and not what is reported
    name = "E1" if population == 1 else "I0"
    message = rf"^{target}.* becomes \S+ in {name} from 0\.02 s on; expected {bound}$"
    with pytest.raises(ValueError, match=message):
        check_possible(BASELINE, {target: Course([0, 40, 60], values)}, delta_t=0.5e-3)
    with pytest.raises(ValueError, match=rf"^{target}.* becomes .* in {name}; expected {bound}$"):
        modulated_circuit(BASELINE, {target: values[1]})


@pytest.mark.parametrize("target", ["rate", "arousal_level", "j_ext"])
def test_targets_without_bounds_take_anything(target):
    for delta in (-1e9, 1e9):
        circuit = modulated_circuit(BASELINE, {target: delta})
        assert all(np.isfinite(quantity(circuit, name)).all() for name in CHANGES[target])


def test_every_target_is_bounded_or_not():
    assert {target for target, *_ in BOUNDS} | {"rate", "arousal_level", "j_ext"} == set(TARGETS)


@pytest.mark.parametrize(
    "call",
    [
        lambda: modulated_circuit(BASELINE, {"mood": 1.0}),
        lambda: modulated_courses(BASELINE, {"mood": Course([0], np.zeros((1, P)))}),
        lambda: check_possible(BASELINE, {"mood": Course([0], np.zeros((1, P)))}),
        lambda: BASELINE.effective("mood"),
    ],
)
def test_an_unknown_target_lists_the_valid_ones(call):
    with pytest.raises(ValueError, match=f"mood cannot be perturbed; expected one of {', '.join(TARGETS)}"):
        call()
