"""Perturbed runs: against networks drawn as perturbed, against the slow simulator, and by their own laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuro_mod.core.course import Course
from neuro_mod.core.modulation import modulated_circuit
from neuro_mod.core.perturbations import Gaussian, Hat, Ramp, Sampled, Sine, TimedPerturbation, VectorialPerturbation
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.core.spiking_net.engine.noise import external_counts
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.network import draw_network
from neuro_mod.errors import ConfigError, InputError
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.perturbations import acting
from tests.helpers.folders import arrays_in
from tests.helpers.shared import SMALL
from tests.helpers.slow_simulator import network_at, run_slowly

H = 0.5e-3
P = 8  # E0 E1 E2 E_background I0 I1 I2 I_background
E1 = slice(10, 20)
N_STEPS = 400  # 0.2 s

#: A perturbation of each target that a short run of a small network shows.
SCALE = {
    "rate": 2.0,
    "j_baseline": 0.5,
    "j_potentiated": 0.8,
    "j_ext": 0.05,
    "threshold": 0.2,
    "tau_membrane": 5e-3,
    "tau_synaptic": 2e-3,
    "tau_refractory": 2e-3,
    "arousal_level": 0.5,
    "arousal_L": 0.2,
    "arousal_x_0": 0.15,
    "arousal_k": 0.5,
    "arousal_M": 10.0,
}
BASE = SMALL | {"arousal": {"level": 0.5}, "settings": {"random_seed": 3}}
every_target = pytest.mark.parametrize("target", TARGETS)


@pytest.fixture(scope="module")
def stager():
    return StageSNNSimulation(BASE)


def delta_of(target, seed=1):
    return np.random.default_rng(seed).uniform(-1, 1, P) * SCALE[target]


def vector_in_time(target, course, seed=1):
    return TimedPerturbation(VectorialPerturbation(delta_of(target, seed)), (1.0,), course)


def bytes_of(outputs):
    return b"".join(
        np.ascontiguousarray(values).tobytes()
        for values in (outputs["spikes"].steps, outputs["spikes"].neurons, outputs["voltage"], outputs["current"])
    )


def run(stager, **options):
    return stager.run(dtype="float64", **options)


def trial_of(stager, **options):
    return stager.trial(dtype="float64", record=("spikes", "voltage", "current"), **options)


def same_simulation(one, other):
    pairs = [(one.spikes.steps, other.spikes.steps), (one.spikes.neurons, other.spikes.neurons)]
    pairs += [(one.voltage, other.voltage), (one.current, other.current)]
    return all(mine.tobytes() == theirs.tobytes() for mine, theirs in pairs)


# -- against other ways to the same result


@every_target
def test_constant_in_time_is_a_network_drawn_as_perturbed(stager, target):
    delta = delta_of(target)
    perturbed = simulate(trial_of(stager, perturbations={target: delta}))
    without = trial_of(stager)
    drawn = draw_network(modulated_circuit(stager.baseline, {target: delta}), stager.random_seed)
    assert same_simulation(perturbed, simulate(replace(without, network=drawn)))
    assert not same_simulation(perturbed, simulate(without))
    assert len(perturbed.spikes)


def test_all_targets_together_are_a_network_drawn_as_perturbed(stager):
    deltas = {target: 0.5 * delta_of(target, seed) for seed, target in enumerate(TARGETS)}
    drawn = draw_network(modulated_circuit(stager.baseline, deltas), stager.random_seed)
    perturbed = simulate(trial_of(stager, perturbations=deltas))
    assert same_simulation(perturbed, simulate(replace(trial_of(stager), network=drawn)))


@every_target
def test_in_time_it_is_what_the_slow_simulator_gives(stager, target):
    course = Sine(onset_time=0.02, offset_time=0.09, frequency=15.0, phase=0.5)
    trial = trial_of(stager, duration_sec=0.1, perturbations={target: vector_in_time(target, course)})
    fast, slow = simulate(trial), run_slowly(trial)
    assert np.array_equal(np.asarray(fast.spikes), slow.spikes) and slow.spikes.sum() > 20
    np.testing.assert_allclose(fast.voltage, slow.voltage, atol=1e-11)
    np.testing.assert_allclose(fast.current, slow.current, atol=1e-9)
    # what the slow simulator looks up in each step is the circuit under delta(t) = f(t) v
    for step in (0, 39, 40, 41, 111, 179, 180, 199):
        inside = 40 <= step < 180
        factor = np.sin(2 * np.pi * 15 * (step - 40) * H + 0.5) if inside else 0.0
        circuit = modulated_circuit(stager.baseline, {target: factor * delta_of(target)})
        now = network_at(trial.network, trial.courses, step)
        np.testing.assert_allclose(now.synapses.block_weights, circuit.block_weights, rtol=1e-12)
        np.testing.assert_allclose(now.external.rate, circuit.external_rate, rtol=1e-12)
        np.testing.assert_allclose(now.external.weight, circuit.external_weight, rtol=1e-12)
        np.testing.assert_allclose(now.external.arousal_rate, circuit.arousal_rate, rtol=1e-11)
        for name in ("threshold", "tau_membrane", "tau_synaptic", "tau_refractory"):
            np.testing.assert_allclose(getattr(now.neurons, name), getattr(circuit.neurons, name), rtol=1e-12)


COURSES = {
    "hat": Hat(onset_time=0.03, offset_time=0.15),
    "sine": Sine(onset_time=0.01, offset_time=0.18, frequency=9.0),
    "sine, held": Sine(frequency=9.0, interval=0.007),
    "ramp": Ramp(onset_time=0.02, rise_time=0.1),
    "sampled": Sampled(onset_time=0.005, values=[1.0, -0.5, 0.3, 0.9], interval=0.03),
    "gaussian": Gaussian(peak_time=0.1, width=0.03),
}


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
@pytest.mark.parametrize("target", ["rate", "j_baseline", "tau_synaptic", "arousal_level"])
@pytest.mark.parametrize("cut", [1, 137])
def test_a_run_continued_from_its_state_is_one_run(stager, target, course, cut):
    perturbations = {target: vector_in_time(target, course)}
    whole = run(stager, perturbations=perturbations)
    first = run(stager, perturbations=perturbations, duration_sec=cut * H)
    second = run(stager, perturbations=perturbations, duration_sec=(N_STEPS - cut) * H, initial_state=first.state)
    for name in ("voltage", "current"):
        assert np.vstack([first[name], second[name]]).tobytes() == whole[name].tobytes()
    assert np.array_equal(np.vstack([first["spikes"], second["spikes"]]), np.asarray(whole["spikes"]))
    assert bytes_of(whole) != bytes_of(run(stager))


def test_columns_belong_to_the_steps_of_their_own_run(stager):
    columns = np.random.default_rng(2).uniform(-2, 2, (P, N_STEPS))
    whole = run(stager, rate_perturbation=columns)
    first = run(stager, rate_perturbation=columns[:, :150], duration_sec=150 * H)
    second = run(stager, rate_perturbation=columns[:, 150:], duration_sec=250 * H, initial_state=first.state)
    assert np.vstack([first["voltage"], second["voltage"]]).tobytes() == whole["voltage"].tobytes()


# -- what a perturbation does, and does not


def drawn_counts(stager, perturbations, n_steps=4000):
    trial = stager.trial(duration_sec=0.1, perturbations=perturbations)
    return external_counts(network_at(trial.network, trial.courses, 0), stager.random_seed, H, n_steps)


def test_one_hertz_more_for_a_cluster_is_that_many_counts_more(stager):
    delta = np.zeros(P)
    delta[1] = 1.0
    before, after = drawn_counts(stager, {}), drawn_counts(stager, {"rate": delta})
    others = np.ones(60, bool)
    others[E1] = False
    assert after[:, :, others].tobytes() == before[:, :, others].tobytes()
    more = int(after[:, 0, E1].sum(dtype=np.int64) - before[:, 0, E1].sum(dtype=np.int64))
    expected = 320 * 1.0 * 10 * 4000 * H  # c_ext x 1 Hz x 10 neurons x 2 s
    # both totals are Poisson: (9 + M y(1/2) z) Hz and one more; drawn independently, the difference had this spread
    spread = np.sqrt(2 * 320 * (9 + 13.125 * 0.2 + 1) * 10 * 4000 * H)
    assert abs(more - expected) < 5 * spread
    assert not after[:, 1].any()  # the inhibitory source is absent


#: A network whose neurons receive external spikes alone, so that each tells what has acted on it.
ALONE = {"architecture": SMALL["architecture"] | {"network": {"n_neurons": 60, "n_excitatory": 40, "j_baseline": 0.0}}}


def arrivals(outputs, tau_synaptic=5e-3):
    """I_k - d I_{k-1} of each neuron in each step."""
    before = np.vstack([np.zeros(60), outputs["current"][:-1]])
    return outputs["current"] - np.exp(-H / tau_synaptic) * before


@pytest.mark.parametrize(
    ("onset", "offset", "steps"),
    [(0.1, 0.15, range(200, 300)), (0.0, 0.0005, [0]), (0.07, None, range(140, 400))],
)
def test_a_hat_acts_in_exactly_its_steps(onset, offset, steps):
    stager = StageSNNSimulation(BASE | ALONE)
    delta = np.zeros(P)
    delta[1] = 0.05
    hat = TimedPerturbation(VectorialPerturbation(delta), (1.0,), Hat(onset_time=onset, offset_time=offset))
    before, after = arrivals(run(stager)), arrivals(run(stager, j_ext_perturbation=hat))
    # weights of (0.18 + 0.05) / sqrt(N) instead of 0.18 / sqrt(N) in these steps
    factor = np.where(np.isin(np.arange(N_STEPS), list(steps)), 0.23 / 0.18, 1.0)
    # a difference of currents below 100 that are exact to 1e-16 of themselves
    np.testing.assert_allclose(after[:, E1], factor[:, None] * before[:, E1], rtol=0, atol=1e-13)
    received = before[:, E1] > 1e-3  # at least one external spike
    assert received.any(axis=1).sum() > 0.95 * N_STEPS and received[list(steps)].any()
    others = np.delete(np.arange(60), np.arange(60)[E1])
    assert after[:, others].tobytes() == before[:, others].tobytes()


def test_nothing_happens_before_the_onset(stager):
    without = run(stager)
    for target in TARGETS:
        hat = vector_in_time(target, Hat(onset_time=0.1))
        outputs = run(stager, perturbations={target: hat})
        assert outputs["voltage"][:200].tobytes() == without["voltage"][:200].tobytes(), target
        assert outputs["voltage"][200:].tobytes() != without["voltage"][200:].tobytes(), target


@every_target
def test_zero_and_none_are_no_perturbation(stager, target):
    without = bytes_of(run(stager))
    zeros = (0.0, np.zeros(P), np.zeros((P, N_STEPS)), vector_in_time(target, Hat(onset_time=1.0)))
    for nothing in (None, *zeros, TimedPerturbation(VectorialPerturbation(np.ones(P)), (0.0,))):
        outputs = run(stager, perturbations={target: nothing})
        assert bytes_of(outputs) == without
        assert ("perturbations" in outputs) == (nothing is not None)


@every_target
def test_all_forms_agree(stager, target):
    delta = delta_of(target)
    forms = [
        delta,
        delta.tolist(),
        np.repeat(delta[:, None], N_STEPS, axis=1),
        Course([0], delta[None]),
        TimedPerturbation(VectorialPerturbation(delta), (1.0,)),
        TimedPerturbation(VectorialPerturbation(delta / 2, np.ones(P)), (2.0, 0.0)),
    ]
    first, *others = [bytes_of(run(stager, perturbations={target: form})) for form in forms]
    assert all(other == first for other in others)
    assert first == bytes_of(run(stager, **{f"{target}_perturbation": delta}))
    number = bytes_of(run(stager, perturbations={target: 0.3 * SCALE[target]}))
    assert number == bytes_of(run(stager, perturbations={target: np.full(P, 0.3 * SCALE[target])})) != first


def test_forms_that_change_in_time_agree(stager):
    steps = np.array([0, 60, 200])
    values = np.random.default_rng(4).uniform(-2, 2, (3, P))
    dense = np.empty((P, N_STEPS))
    for step in range(N_STEPS):
        dense[:, step] = values[sum(step >= begin for begin in (60, 200))]
    assert bytes_of(run(stager, rate_perturbation=Course(steps, values))) == bytes_of(
        run(stager, rate_perturbation=dense)
    )
    hat = vector_in_time("rate", Hat(onset_time=0.05, offset_time=0.1))
    dense = np.outer(delta_of("rate"), (np.arange(N_STEPS) >= 100) & (np.arange(N_STEPS) < 200))
    assert bytes_of(run(stager, rate_perturbation=hat)) == bytes_of(run(stager, rate_perturbation=dense))


# -- where perturbations come from, and where they go

BLOCK = {"vectors": [[1.0, -1.0], [2.0]], "involved_clusters": [["E1", 7], ["I0"]], "params": [1.5, 0.25]}
BY_HAND = np.array([0, 1.5, 0, 0, 0.5, 0, 0, -1.5])


@pytest.fixture(scope="module")
def configured():
    return StageSNNSimulation(BASE | {"perturbation": {"rate": BLOCK, "threshold": BLOCK | {"params": [0.1, 0.01]}}})


def test_the_configuration_acts(stager, configured):
    given = {"rate": BY_HAND, "threshold": np.array([0, 0.1, 0, 0, 0.02, 0, 0, -0.1])}
    assert bytes_of(run(configured)) == bytes_of(run(stager, perturbations=given)) != bytes_of(run(stager))


def test_what_is_given_replaces_what_is_configured(stager, configured):
    half = run(configured, threshold_perturbation=None)
    assert bytes_of(half) == bytes_of(run(stager, rate_perturbation=BY_HAND))
    assert bytes_of(run(configured, perturbations={"rate": None, "threshold": None})) == bytes_of(run(stager))
    both = run(configured, perturbations={"threshold": None}, rate_perturbation=0.5)
    assert bytes_of(both) == bytes_of(run(stager, rate_perturbation=0.5))
    about = run(configured, threshold_perturbation=0.1, arousal_level_perturbation=0.1)["metadata"]["perturbations"]
    assert {target: each["given"] for target, each in about.items()} == {
        "rate": False,
        "threshold": True,
        "arousal_level": True,
    }


def test_the_shorter_time_step_keeps_the_times(configured):
    hat = TimedPerturbation(VectorialPerturbation(np.ones(P)), (1.0,), Hat(onset_time=0.1, offset_time=0.15))
    course = configured.run(delta_t=0.1e-3, rate_perturbation=hat)["perturbations"]["rate"]
    assert course.steps.tolist() == [0, 1000, 1500]


def test_what_is_said_about_a_perturbation(configured):
    hat = vector_in_time("j_ext", Hat(onset_time=0.05, offset_time=0.1))
    about = run(configured, j_ext_perturbation=hat)["metadata"]["perturbations"]
    acting = np.array([1.5, 0.5, -1.5])
    expected = {"min": -1.5, "max": 1.5, "mean": acting.mean(), "std": acting.std(), "norm": np.sqrt((acting**2).sum())}
    assert {name: about["rate"][name] for name in expected} == pytest.approx(expected)
    assert about["rate"]["n_populations"] == 3
    assert (about["rate"]["from_sec"], about["rate"]["to_sec"]) == pytest.approx((0, 0.2))
    assert (about["j_ext"]["from_sec"], about["j_ext"]["to_sec"]) == pytest.approx((0.05, 0.1))
    assert (about["j_ext"]["min"], about["j_ext"]["max"]) == (delta_of("j_ext").min(), delta_of("j_ext").max())
    nothing = run(configured, rate_perturbation=0.0)["metadata"]["perturbations"]["rate"]
    assert nothing == {"n_populations": 0, "given": True}


def test_what_acted_is_saved(tmp_path):
    when = {"shape": "sine", "onset_time": 0.05, "offset_time": 0.15, "frequency": 10.0, "interval": 0.01}
    blocks = {"rate": BLOCK | {"time_dependence": when}, "threshold": BLOCK | {"params": [0.1, 0.01]}}
    stager = StageSNNSimulation(BASE | {"perturbation": blocks})
    outputs = stager.execute("none", out=tmp_path, arousal_M_perturbation=2.0, threshold_perturbation=-0.01)
    assert str(tmp_path / "metadata/perturbations.npz") in outputs["metadata"]["files"]
    with np.load(tmp_path / "metadata/perturbations.npz") as saved:
        arrays = dict(saved)
    assert set(arrays) == {
        *("rate", "rate_times", "rate_vectors", "rate_params"),
        *("threshold", "threshold_times", "arousal_M", "arousal_M_times"),
    }
    # ten values sin(2 pi k / 10), held for 10 ms each, between 0.05 and 0.15 s
    times = [0.0, *(0.05 + 0.01 * np.arange(10)), 0.15]
    factor = [0.0, *np.sin(2 * np.pi * np.arange(10) / 10), 0.0]
    found = np.zeros((P, 12))
    for column, time in enumerate(times):
        found[:, column] = arrays["rate"][:, np.flatnonzero(arrays["rate_times"] <= time + 1e-9)[-1]]
    np.testing.assert_allclose(found, np.outer(BY_HAND, factor), atol=1e-12)
    assert arrays["rate"].shape == (P, len(arrays["rate_times"])) and len(arrays["rate_times"]) <= 12
    assert arrays["rate_vectors"].tolist() == [[0, 1, 0, 0, 0, 0, 0, -1], [0, 0, 0, 0, 2, 0, 0, 0]]
    assert arrays["rate_params"].tolist() == [1.5, 0.25]
    assert arrays["threshold"].tolist() == [[-0.01]] * P and arrays["threshold_times"].tolist() == [0]
    assert arrays["arousal_M"].tolist() == [[2.0]] * P
    again = StageSNNSimulation(tmp_path / "metadata/config.yaml")
    assert bytes_of(run(again)) == bytes_of(run(stager))


def test_a_run_without_perturbations_saves_none(stager, tmp_path):
    stager.execute("none", out=tmp_path)
    assert (tmp_path / "metadata/config.yaml").exists() and not (tmp_path / "metadata/perturbations.npz").exists()


# -- what cannot be


@pytest.mark.parametrize(
    "keyword", ["rate", "mood_perturbation", "perturbation", "rate_perturbations", "_perturbation"]
)
def test_unknown_keywords(stager, keyword):
    for call in (stager.run, stager.trial):
        with pytest.raises(TypeError, match=f"unknown argument {keyword}; .* by rate_perturbation, j_baseline_pert"):
            call(**{keyword: 1.0})


def test_an_unknown_target(stager):
    with pytest.raises(InputError, match="mood cannot be perturbed; expected one of rate, "):
        stager.run(perturbations={"mood": 1.0})


@pytest.mark.parametrize(
    ("given", "shape"),
    [
        (np.ones(7), r"\(7,\)"),
        (np.ones((N_STEPS, P)), rf"\({N_STEPS}, {P}\)"),
        (np.ones((P, N_STEPS + 1)), rf"\({P}, {N_STEPS + 1}\)"),
        (np.ones((P, 1)), rf"\({P}, 1\)"),
        (np.ones((1, P, N_STEPS)), rf"\(1, {P}, {N_STEPS}\)"),
        (np.full(P, np.nan), rf"\({P},\)"),
        (np.inf, r"\(\)"),
        ("much", ""),
        ([[1, 2], [3]], ""),
    ],
)
def test_arrays_that_do_not_fit(stager, given, shape):
    expected = rf"perturbation of threshold: shape {shape}.* found; expected finite .*\({P},\).*\({P}, {N_STEPS}\)"
    with pytest.raises(InputError, match=expected):
        stager.run(threshold_perturbation=given)


@pytest.mark.parametrize("length", [1, 7])
def test_populations_of_another_network(stager, length):
    with pytest.raises(InputError, match=rf"perturbation of rate: values of shape \(1, {length}\) found; .*\(K, {P}\)"):
        stager.run(rate_perturbation=Course([0], np.ones((1, length))))
    with pytest.raises(InputError, match=f"perturbation of rate: vectors of {length} populations found; expected {P}"):
        stager.run(rate_perturbation=TimedPerturbation(VectorialPerturbation(np.ones(length)), (1.0,)))


def test_a_parameter_that_becomes_impossible_is_said_before_the_run(stager):
    ramp = TimedPerturbation(VectorialPerturbation(np.eye(P)[4]), (-10e-3,), Ramp(rise_time=0.1))
    with pytest.raises(
        InputError, match=r"perturbation of tau_synaptic becomes 0 in I0 from 0\.05 s on; expected above 0"
    ):
        stager.run(tau_synaptic_perturbation=ramp)
    with pytest.raises(InputError, match=r"external spikes in each step.*perturbation"):
        stager.run(rate_perturbation=1e9)


def test_a_run_longer_than_the_configuration_is_checked_to_its_end():
    when = {"shape": "ramp", "rise_time": 1.0}
    block = {"vectors": [[1.0]], "involved_clusters": [["E0"]], "params": [-0.02], "time_dependence": when}
    stager = StageSNNSimulation(BASE | {"perturbation": {"tau_membrane": block}})
    stager.run()
    with pytest.raises(ConfigError, match=r"tau_membrane becomes 0 in E0 from 1 s"):
        stager.run(duration_sec=1.2)
    state = stager.run(duration_sec=0.9).state
    with pytest.raises(InputError, match=r"tau_membrane becomes 0 in E0 from "):
        stager.run(duration_sec=0.2, initial_state=state)


def test_what_would_not_fit_into_memory_is_refused_before_it_is_tried(stager, monkeypatch):
    sine = vector_in_time("j_baseline", Sine(frequency=3.0))
    monkeypatch.setattr("neuro_mod.execution.stagers.memory._physical_memory", lambda: 8.0 * P * P * N_STEPS)
    monkeypatch.setattr("neuro_mod.core.modulation._block_weights", lambda *_: pytest.fail("it was tried"))
    monkeypatch.setattr(TimedPerturbation, "times", lambda *_: pytest.fail("it was tried"))
    with pytest.raises(
        InputError, match=r"perturbations that change this often would need .* GB of memory; .* interval"
    ):
        stager.run(record=("spikes",), j_baseline_perturbation=sine)


@pytest.mark.parametrize("cut", [0.02, 0.1, 0.16])
def test_configured_windows_hold_in_pieces_of_a_run(cut):
    """Before the window, in its middle, after it."""
    block = {"involved_clusters": [["E0", "I1"]], "vectors": [[5, -5]], "params": [1]}
    when = {"onset_time": 0.05, "offset_time": 0.15}
    stager = StageSNNSimulation(SMALL | {"perturbation": {"rate": block | {"time_dependence": when}}})
    whole = stager.run(dtype="float64")
    first = stager.run(duration_sec=cut, dtype="float64")
    rest = stager.run(duration_sec=0.2 - cut, dtype="float64", initial_state=first.state)
    assert np.array_equal(np.concatenate([first["voltage"], rest["voltage"]]), whole["voltage"])
    again = StageSNNSimulation(first["metadata"]["config"]).run(dtype="float64")  # the saved configuration replays it
    assert np.array_equal(again["voltage"], first["voltage"])
    assert not np.array_equal(whole["voltage"], stager.run(dtype="float64", rate_perturbation=0)["voltage"])


def test_a_smooth_course_acts_where_it_is_noticeable(stager):
    """A Gaussian is above a hundredth of its peak within sqrt(2 ln 100) = 3.03 of its widths."""
    course = vector_in_time("rate", Gaussian(peak_time=0.1, width=0.01)).factor(400, 0.5e-3)
    begin, end = acting(Course(course.steps, course.values[:, None]), 400)
    assert (begin, end - 1) == (140, 260)  # 0.1 s -+ 0.03 s, in steps of 0.5 ms
    assert acting(Course([0], np.zeros((1, 3))), 400) is None


def test_a_perturbation_given_twice_is_refused(stager):
    with pytest.raises(InputError, match="rate found twice"):
        stager.run(perturbations={"rate": 1.0}, rate_perturbation=2.0)


def test_vectors_that_were_given_are_saved(stager, tmp_path):
    stager.execute("none", out=tmp_path, rate_perturbation=vector_in_time("rate", Hat(offset_time=0.1)))
    saved = arrays_in(tmp_path / "metadata/perturbations.npz")
    assert {"rate", "rate_times", "rate_vectors", "rate_params"} == set(saved)


def test_a_perturbation_that_reaches_nothing_is_told(stager, caplog):
    between_two_steps = vector_in_time("rate", Hat(onset_time=0.1001, offset_time=0.1004))
    outputs = stager.run(duration_sec=0.2, record=("spikes",), rate_perturbation=between_two_steps)
    assert "the perturbation of rate reaches no neuron in this run" in caplog.text
    assert outputs["metadata"]["perturbations"]["rate"]["n_populations"] == 0
    caplog.clear()
    stager.run(duration_sec=0.2, record=("spikes",), rate_perturbation=delta_of("rate"))
    assert not caplog.text


def test_a_sine_is_described_by_its_first_peak(stager):
    sine = TimedPerturbation(VectorialPerturbation(np.ones(P)), (0.5,), Sine(frequency=10))
    about = stager.run(record=("spikes",), rate_perturbation=sine)["metadata"]["perturbations"]["rate"]
    assert about["min"] == about["max"] == pytest.approx(0.5)


@pytest.mark.parametrize("coefficients", [(1.0, 2.0), (np.nan,), (np.ones(5),), 1.0])
def test_coefficients_are_one_number_for_each_vector(coefficients):
    with pytest.raises(ValueError, match="expected 1 finite numbers, one for each vector"):
        TimedPerturbation(VectorialPerturbation(np.ones(P)), coefficients)
