"""The mean field in a process of its own: its answers, and its life."""

import json
import os
import queue
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from neuro_mod import FullMeanFieldStager, ReducedMeanFieldStager
from neuro_mod.config import load_experiment
from neuro_mod.core.mean_field.analysis.grid import Grid
from neuro_mod.core.mean_field.analysis.paths import Profile
from neuro_mod.explorer.predictions import Question, answers, barrier_along, closest_potential
from neuro_mod.explorer.theory import Theory

PATIENCE = 120
NONE = np.empty((0, 0))


@pytest.fixture(scope="module")
def experiment():
    return load_experiment("two_clusters")


@contextmanager
def asking():
    """A `Theory`, and a function that returns its answers up to the last one."""
    messages = queue.Queue()
    theory = Theory(messages.put)

    def until_last():
        found = [messages.get(timeout=PATIENCE)]
        while found[-1]["pending"]:
            found.append(messages.get(timeout=PATIENCE))
        return found

    try:
        yield theory, until_last
    finally:
        theory.close()


def vector(experiment, **values):
    populations = experiment.populations
    found = np.zeros(populations.total)
    for name, value in values.items():
        found[populations.index(name)] = value
    return found


def test_states_are_those_of_the_command(experiment):
    *_, (message, _) = answers(Question(experiment, {}, (0, 1)), NONE, lambda: None)
    expected = FullMeanFieldStager(experiment).run()["distinct"]
    assert not message["pending"]
    assert len(message["points"]) >= len(expected)
    for state in expected:
        same = [each for each in message["points"] if np.allclose(each["rates"], state.rates[:2], atol=1e-3)]
        assert any(each["stable"] == state.stable and each["active"] == list(state.active) for each in same)


def test_perturbed_states_are_those_of_a_perturbed_configuration(experiment):
    # A perturbation of rate 0.1 Hz of E0: the same as the configuration with that perturbation.
    delta = vector(experiment, E0=0.1)
    perturbed = experiment.replace(
        {"perturbation.rate": {"vectors": [[0.1]], "involved_clusters": ["E0"], "params": [1.0]}}
    )
    asked = [Question(experiment, {"rate": delta}, (0, 1)), Question(perturbed, {}, (0, 1))]
    one, other = (list(answers(each, NONE, lambda: None))[-1][0] for each in asked)
    assert one["points"] == other["points"]
    replaced = Question(perturbed, {"rate": 0 * delta}, (0, 1))
    unperturbed = Question(experiment, {}, (0, 1))
    one, other = (list(answers(each, NONE, lambda: None))[-1][0] for each in (replaced, unperturbed))
    assert one["points"] == other["points"]


def test_barrier_is_that_of_the_command(experiment):
    messages = [each for each, _ in answers(Question(experiment, {}, (0, 1)), NONE, lambda: None)]
    assert messages[0]["landscape"] is None
    landscape = messages[1]["landscape"]
    expected = ReducedMeanFieldStager(experiment).run(grid_density=1.0)
    heights = [each.height for each in expected["barriers"]]
    assert landscape["barrier"] == pytest.approx(
        min(heights, key=lambda each: abs(each - landscape["barrier"])), rel=5e-3
    )
    assert np.shape(landscape["values"]) == (len(landscape["y"]), len(landscape["x"]))
    highest = max(max(point["rates"]) for point in messages[1]["points"] if point["stable"])
    for axis in ("x", "y"):  # 1.3 times the highest stable rate, up to the next 10 Hz
        assert 1.3 * highest <= landscape[axis][-1] < 1.3 * highest + 10
    assert 0 <= landscape["unstable_share"] <= 1
    wells = [state.nu for state in expected["states"] if state.n_unstable == 0]
    for end in (landscape["path"][0], landscape["path"][-1]):
        assert min(np.linalg.norm(well - end) for well in wells) < 0.01


def test_without_a_barrier_there_is_no_path(experiment):
    # far below the potentiation at which clusters have two stable rates
    weak = experiment.replace({"architecture.clusters.j_potentiated": [1.0, 1.0, 1.0, 1.0]})
    *_, (message, _) = answers(Question(weak, {}, (0, 1)), NONE, lambda: None)
    assert message["landscape"]["barrier"] is None
    assert message["landscape"]["path"] == []
    assert "path:" not in message["note"]


def test_states_are_followed(experiment):
    *_, (_, known) = answers(Question(experiment, {}, (0, 0)), NONE, lambda: None)
    first, _ = next(answers(Question(experiment, {"rate": vector(experiment, E0=0.01)}, (0, 0)), known, lambda: None))
    assert f"{min(len(known), 30)} states followed" in first["note"]
    ignored, _ = next(answers(Question(experiment, {}, (0, 0)), np.ones((3, 5)), lambda: None))
    assert "followed" not in ignored["note"]


def test_network_that_is_not_clustered_has_one_state_without_active_clusters():
    *_, (message, _) = answers(Question(load_experiment("homogeneous"), {}, (3, 3)), NONE, lambda: None)
    (point,) = message["points"]
    assert np.ptp(point["rates"]) < 1e-3
    assert (point["active"], point["n_active"]) == ([], 0)
    assert message["landscape"] is None


def test_every_answer_names_its_theory_and_fits_json(experiment):
    for response, closure in (("shifted", "poisson"), ("exact", "renewal")):
        asked = experiment.replace({"mean_field.response": response, "mean_field.closure": closure})
        for message, _ in answers(Question(asked, {}, (0, 1)), NONE, lambda: None):
            assert f"mean field {response}/{closure}" in message["note"]
            assert ("10 to 30 %" in message["note"]) == (response == "shifted")
            # 36.4 of 54.5 Hz and 45.2 of 62.1 Hz; 56.3 and 64.0 Hz (benchmarks/THEORY.md)
            assert ("27 to 33 % below" if response == "shifted" else "about 3 % above") in message["accuracy"]
            assert message["lifetime"] is None
            assert "no lifetime" in message["note"]
            assert len(json.dumps(message, allow_nan=False)) < 100_000


def test_exact_response_without_its_table_is_replaced(experiment):
    asked = experiment.replace({"mean_field.response": "exact"})
    tau = vector(experiment, E0=0.00137)
    message, _ = next(answers(Question(asked, {"tau_membrane": tau}, (0, 0)), NONE, lambda: None))
    assert "shifted response in place of the exact one" in message["note"]
    assert "mean field shifted/" in message["note"]


def test_potential_of_a_gradient_is_found():
    # U = (x^2 + 2 y^2 + x y) / 2: the trapezoidal rule is exact for a linear force
    axes = np.linspace(0, 4, 9), np.linspace(0, 6, 7)
    x, y = np.meshgrid(*axes, indexing="ij")
    force = -np.stack([x + y / 2, 2 * y + x / 2])
    values, left = closest_potential(grid_of(axes, force))
    expected = (x**2 + 2 * y**2 + x * y) / 2
    np.testing.assert_allclose(values, expected - expected.min(), atol=1e-9)
    assert left == pytest.approx(0, abs=1e-12)


def test_what_is_no_gradient_is_said():
    axes = (np.linspace(-1, 1, 9),) * 2
    x, y = np.meshgrid(*axes, indexing="ij")
    _, left = closest_potential(grid_of(axes, np.stack([-y, x])))
    assert left > 0.9
    force = np.stack([-x, -y])
    force[:, 0, 0] = np.nan
    values, _ = closest_potential(grid_of(axes, force))
    assert np.isnan(values[0, 0])
    assert np.isfinite(values).sum() == values.size - 1


def grid_of(axes, force):
    mesh = np.stack(np.meshgrid(*axes, indexing="ij"))
    shape = mesh.shape[1:]
    return Grid(axes, np.zeros((*shape, 2)), force + mesh, np.zeros((1, *shape)), np.ones(shape, bool))


def test_barrier_between_the_two_lowest_wells():
    place = np.linspace(0, 1, 401)
    potential = np.interp(place, [0, 0.2, 0.4, 0.6, 1], [1.0, 4.0, 0.0, 3.0, 0.5])
    path = np.column_stack([place, place])
    profile = Profile(path, place * np.sqrt(2), potential, path)
    wells = [np.array([k, k]) for k in (0.0, 0.4, 1.0)]
    assert barrier_along(profile, wells) == pytest.approx(3)
    assert barrier_along(profile, wells[:1]) is None


def test_answers_come_from_another_process_and_are_kept(experiment):
    with asking() as (theory, until_last):
        theory.ask(5, experiment, {}, (0, 1))
        found = until_last()
        assert {each["revision"] for each in found} == {5}
        assert {each["type"] for each in found} == {"theory"}
        assert len(found) == 3
        theory.ask(6, experiment, {}, (0, 1))
        assert until_last() == [found[-1] | {"revision": 6}]


def test_newer_question_replaces_older(experiment):
    with asking() as (theory, until_last):
        for revision in range(20):
            theory.ask(revision, experiment, {"rate": vector(experiment, E0=0.01 * revision)}, (0, 1))
        answered = []
        while not answered or answered[-1] < 19:
            answered += [each["revision"] for each in until_last()]
        assert answered[-1] == 19
        assert len(answered) < 20


def test_impossible_parameters_fail_and_the_next_question_is_answered(experiment):
    with asking() as (theory, until_last):
        theory.ask(1, experiment, {"tau_membrane": vector(experiment, E0=-5.0)}, (0, 1))
        failed = until_last()[-1]
        assert failed["failed"]
        assert failed["points"] == []
        theory.ask(2, experiment, {}, (0, 1))
        assert until_last()[-1]["failed"] is None


def test_process_that_dies_is_said_and_started_again(experiment):
    with asking() as (theory, until_last):
        theory.ask(1, experiment, {}, (0, 1))
        theory._process.kill()
        assert "ended with status" in until_last()[-1]["failed"]
        theory.ask(2, experiment, {}, (0, 1))
        assert until_last()[-1]["failed"] is None


def test_close_ends_the_process_at_once(experiment):
    with asking() as (theory, _):
        theory.ask(1, experiment, {}, (0, 1))
        begin = time.monotonic()
        theory.close()
        assert time.monotonic() - begin < 5  # a second where the machine is free
        assert theory._process.returncode is not None
        theory.close()
        theory.ask(2, experiment, {}, (0, 1))


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_process_ends_when_its_parent_is_killed():
    code = (
        "from neuro_mod.config import load_experiment\n"
        "from neuro_mod.explorer.theory import Theory\n"
        "import time\n"
        "theory = Theory(lambda message: None)\n"
        "theory.ask(1, load_experiment('small'), {}, (0, 1))\n"
        "print(theory._process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(pid)


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:  # one that has ended may wait to be taken by the first process of a container
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
