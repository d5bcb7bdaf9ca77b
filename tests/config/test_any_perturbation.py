"""Any perturbation is either refused with reasons, or acts as computed by hand."""

from __future__ import annotations

from math import exp, floor, pi, sin
from typing import Any

import numpy as np
from hypothesis import event, given, settings
from hypothesis import strategies as st

from neuro_mod.config import Experiment, load_experiment
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.errors import ConfigError
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.assembly import build_circuit
from tests.helpers.shared import SMALL

NAMES = ("E0", "E1", "E2", "E_background", "I0", "I1", "I2", "I_background")
VALID_LISTS = st.lists(st.integers(0, 7), min_size=1, max_size=4, unique=True).flatmap(
    lambda indices: st.tuples(*(st.sampled_from([i, NAMES[i]]) for i in indices)).map(list)
)
ANY_LISTS = st.lists(st.one_of(st.integers(-1, 9), st.sampled_from([*NAMES, "E3", "e0", "I"])), max_size=3)
#: Times in whole ms, so that windows and steps are exact.
MS = st.integers(0, 100).map(lambda ms: ms / 1000)
SOME_MS = st.integers(1, 100).map(lambda ms: ms / 1000)
ENTRIES = st.one_of(st.integers(-8, 8).map(lambda n: n / 8), st.floats(-1, 1))
SIZES = {
    "tau_membrane": 5e-3,
    "tau_synaptic": 1e-3,
    "tau_refractory": 1e-3,
    "threshold": 0.2,
    "j_ext": 0.05,
    "rate": 2.0,
}
SHAPES: dict[str, dict[str, Any]] = {
    "hat": {},
    "ramp": {"rise_time": SOME_MS},
    "sine": {"frequency": st.floats(0.5, 200), "phase": st.floats(-4, 4)},
    "diff2exp": {"tau_rise": st.floats(1e-3, 0.05), "tau_decay": st.floats(0.06, 0.2)},
    "gaussian": {"peak_time": MS, "width": st.floats(1e-3, 0.2)},
    "sampled": {"values": st.lists(ENTRIES, min_size=1, max_size=4), "interval": SOME_MS},
}
STRANGE = st.fixed_dictionaries(
    {},
    optional={
        "frequency": st.one_of(ENTRIES, st.sampled_from([1e308, 5e-324])),
        "width": st.sampled_from([0, 1e-300, 1e300, 0.1]),
        "values": st.lists(st.one_of(ENTRIES, st.just(1e308)), max_size=2),
        "rise_time": st.sampled_from([5e-324, 1e308, -1]),
        "interval": st.sampled_from([5e-324, 1e-9, 1e308]),
        "offset_time": st.sampled_from([None, 0.0, 0.3]),
        "tau_rise": st.sampled_from([5e-324, 0.1]),
        "tau_decay": st.sampled_from([1e-323, 0.1, 1e308]),
    },
)  # fmt: skip


@st.composite
def time_dependences(draw, strange):
    shape = draw(st.sampled_from(list(SHAPES)))
    times = {"shape": shape, "onset_time": draw(MS) * 0.9} | draw(st.fixed_dictionaries(SHAPES[shape]))
    if draw(st.booleans()):
        times["offset_time"] = times["onset_time"] + draw(SOME_MS)
    if shape not in ("hat", "sampled") and draw(st.booleans()):
        times["interval"] = draw(SOME_MS)
    return times | (draw(STRANGE) if strange else {})


@st.composite
def blocks(draw, target, strange):
    size, n = SIZES.get(target, 0.05), draw(st.integers(1, 3))
    one_list = ANY_LISTS if strange else VALID_LISTS
    lists = draw(st.one_of(st.lists(one_list, min_size=n, max_size=n), one_list))
    each = lists if any(isinstance(one, list) for one in lists) else [lists] * n
    block: dict[str, Any] = {"involved_clusters": lists, "params": [size * draw(ENTRIES) for _ in range(n)]}
    if draw(st.booleans()):
        block["vectors"] = [draw(st.lists(ENTRIES, min_size=len(one), max_size=len(one))) for one in each]
    else:
        drawn = {
            "structured": st.booleans(),
            "seed": st.integers(0, 9),
            "balance": st.floats(0, 1),
            "n_vectors": st.just(n),
        }
        block |= draw(st.fixed_dictionaries({}, optional=drawn))
    if draw(st.booleans()):
        block["time_dependence"] = draw(time_dependences(strange))
    return block | (draw(st.sampled_from(ODD_KEYS)) if strange else {})


ODD_KEYS = [{}, {}, {}, {"params": [1, 2]}, {"params": [1e308]}, {"sigma": -1}, {"n_vectors": 2}, {"mood": 1}]
TARGET_LISTS = st.lists(st.sampled_from(list(TARGETS)), min_size=1, max_size=3, unique=True)


def perturbations(strange):
    return TARGET_LISTS.flatmap(
        lambda targets: st.fixed_dictionaries({name: blocks(name, strange) for name in targets})
    )


def factor_by_hand(times: dict[str, Any], microseconds: int) -> float:  # noqa: PLR0911 -- one for each shape
    """f(t) at a time in whole microseconds, from the definition of the shape; windows and intervals are exact."""
    onset, offset = round(times["onset_time"] * 1e6), times.get("offset_time")
    since = microseconds - onset
    if since < 0 or (offset is not None and microseconds >= round(offset * 1e6)):
        return 0.0
    shape, interval = times["shape"], times.get("interval")
    if interval is not None and interval < 1e-6:
        interval = None  # shorter than the resolution of time
    held = since if interval is None else floor(since / round(interval * 1e6)) * round(interval * 1e6)
    t = held / 1e6
    if shape == "hat":
        return 1.0
    if shape == "ramp":
        return min(t / times["rise_time"], 1.0)
    if shape == "sine":
        return sin(2 * pi * times["frequency"] * t + times["phase"])
    if shape == "gaussian":
        return exp(-min(((onset / 1e6 + t - times["peak_time"]) / times["width"]) ** 2 / 2, 1e6))
    if shape == "sampled":
        place = floor(since / round(times["interval"] * 1e6))
        return times["values"][min(place, len(times["values"]) - 1)]
    rise, decay = times["tau_rise"], times["tau_decay"]
    fine = np.arange(0, 1.0, 1e-5)
    return (exp(-t / decay) - exp(-t / rise)) / (np.exp(-fine / decay) - np.exp(-fine / rise)).max()


def by_hand(block: dict[str, Any], microseconds: int) -> np.ndarray:
    lists = block["involved_clusters"]
    each = lists if isinstance(lists[0], list) else [lists] * len(block["params"])
    delta = np.zeros(8)
    for coefficient, vector, involved in zip(block["params"], block["vectors"], each, strict=True):
        for entry, population in zip(vector, involved, strict=True):
            delta[NAMES.index(population) if population in NAMES else population] += coefficient * entry
    return delta * (factor_by_hand(block["time_dependence"], microseconds) if "time_dependence" in block else 1.0)


def is_extreme(block: dict[str, Any]) -> bool:
    """Whether the time course has parameters that are hard to compute by hand."""
    numbers = [n for n in block.get("time_dependence", {}).values() if isinstance(n, float | int)]
    return any(abs(n) > 1e9 or 0 < abs(n) < 1e-5 for n in numbers)


def check_by_hand(experiment: Experiment, perturbation: dict[str, Any]) -> None:
    for target, timed in experiment.timed_perturbations.items():
        block = perturbation[target]
        course = timed.times(timed.factor(400, 0.5e-3))
        assert np.isfinite(course.values).all()
        if "vectors" not in block:
            bound = np.abs(block["params"]).sum() if block.get("structured", True) else np.inf
            assert (np.abs(timed.vector) <= bound + 1e-12).all()
            event("drawn")
        elif not is_extreme(block):
            steps = range(0, 400, 7)
            expected = [by_hand(block, 500 * step) for step in steps]
            # diff2exp by hand is normalised on a grid of 10 us
            close = 1e-4 if "diff2exp" in str(block) else 1e-9
            np.testing.assert_allclose(course.at(list(steps)), expected, rtol=close, atol=1e-9)
            event("by hand")


@settings(max_examples=50)
@given(st.booleans().flatmap(perturbations))
def test_any_block(perturbation: dict[str, Any]) -> None:
    try:
        experiment = load_experiment(SMALL | {"perturbation": perturbation})
    except ConfigError as error:
        event("refused")
        assert error.problems and len(str(error).splitlines()) == len(error.problems)
        assert all(problem.found and problem.key.startswith("perturbation.") for problem in error.problems)
        return
    assert load_experiment(experiment.to_yaml()) == experiment
    assert set(experiment.timed_perturbations) == set(perturbation)
    check_by_hand(experiment, perturbation)
    for time in (None, 0.0, 0.1):
        circuit = build_circuit(experiment, time)
        values = [value for value in vars(circuit).values() if isinstance(value, np.ndarray)]
        assert all(np.isfinite(value).all() for value in values)
        assert (circuit.neurons.threshold > circuit.neurons.reset_voltage).all() and (circuit.external_rate >= 0).all()
    outputs = StageSNNSimulation(experiment).run()
    assert outputs["voltage"].shape == (400, 60) and np.isfinite(outputs["voltage"]).all()
    assert set(outputs["perturbations"]) == set(perturbation)
