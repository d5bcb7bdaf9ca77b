"""An exploration without a browser: what it sends, what changes, and that Save and the journal give the same spikes."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from neuro_mod import StageSNNSimulation, load_experiment
from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.errors import DataError, InputError
from neuro_mod.explorer import exploration, player
from neuro_mod.explorer.exploration import Exploration
from neuro_mod.explorer.journal import Journal, load_journal
from neuro_mod.recordings.saved import load_spikes
from tests.execution.stagers.test_stepper import PERTURBED, STIMULUS
from tests.explorer.test_wire import decoded as decode
from tests.helpers.shared import SMALL

SECONDS_TO_WAIT = 20.0
PULSE = {"seconds": 0.1, "strength": 3.0}


class NoTheory:
    """Keeps what it was asked."""

    asked: ClassVar[list] = []

    def __init__(self, on_result):
        self.asked.clear()

    def ask(self, *question):
        self.asked.append(question)

    def close(self):
        pass


class Page:
    """What a page does: it takes what comes, and says what it has seen."""

    def __init__(self, running):
        self.running, self.messages, self.frames = running, [], []

    def take(self):
        for each in self.running.outgoing():
            if isinstance(each, bytes):
                self.frames.append(decode(each))
                self.running.command({"do": "seen", "frame": self.frames[-1]["number"]})
            else:
                self.messages.append(json.loads(json.dumps(each, allow_nan=False)))

    def wait(self, happened):
        end = time.monotonic() + SECONDS_TO_WAIT
        while not (found := happened()):
            assert time.monotonic() < end, (self.messages[-5:], len(self.frames))
            self.take()
            time.sleep(0.005)
        return found

    def latest(self, kind):
        return next((each for each in reversed(self.messages) if each["type"] == kind), None)

    def do(self, do, **fields):
        """Send a command, and wait until it has acted or was refused."""
        n, errors = self.revision, self.count("error")
        self.running.command({"do": do, **fields})
        self.wait(lambda: self.revision > n or self.count("error") > errors)
        return self.latest("status")

    def count(self, kind):
        return sum(each["type"] == kind for each in self.messages)

    @property
    def revision(self):
        status = self.latest("status")
        return status["revision"] if status else 0

    def spikes(self):
        """Steps and places of all spikes."""
        times = np.concatenate([frame["times"] + frame["t"][0] for frame in self.frames])
        return np.round(times / 5e-4).astype(int).tolist(), np.concatenate([f["places"] for f in self.frames]).tolist()


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(exploration, "Theory", NoTheory)
    monkeypatch.setattr("tests.explorer.test_wire.P", 8)
    monkeypatch.setattr("tests.explorer.test_wire.CLUSTERS", 3)


@pytest.fixture
def page(tmp_path):
    running = Exploration(load_experiment(SMALL), folder=tmp_path / "explored")
    found = Page(running)
    found.do("pause")
    found.do("restart", noise_seed=None)
    found.frames.clear()
    yield found
    running.close()


def test_what_a_page_is_told_first(page):
    hello = json.loads(json.dumps(page.running.hello))
    network = hello["network"]
    assert (network["n_neurons"], network["n_clusters"], len(network["populations"])) == (60, 3, 8)
    first, last = network["populations"][0], network["populations"][-1]
    assert (first["name"], first["type"], first["cluster"], first["first"], first["size"]) == ("E0", "E", 0, 0, 10)
    assert (last["name"], last["type"], last["cluster"], last["size"]) == ("I_background", "I", None, 5)
    assert network["drawn"] == list(range(60)) and hello["bin"] == pytest.approx(0.01)
    rate = next(each for each in hello["targets"] if each["name"] == "rate")
    assert (rate["label"], rate["unit"], rate["span"]) == ("external rate", "Hz", 5.0)
    assert page.latest("status")["knobs"].keys() == {knob["key"] for knob in hello["knobs"]}


def test_frames_are_a_run(page):
    for _ in range(4):
        page.do("step", seconds=0.0535)
    page.wait(lambda: page.frames and page.frames[-1]["t"][1] > 0.2139)
    run = StageSNNSimulation(SMALL).run(0.214, record=["spikes"])
    assert page.spikes() == (run["spikes"].steps.tolist(), run["spikes"].neurons.tolist())
    edges = [frame["t"] for frame in page.frames]
    assert edges[0][0] == 0 and all(one[1] == other[0] for one, other in pairwise(edges))
    rates = np.concatenate([frame["rates"][1] for frame in page.frames])
    counts = np.asarray(run["spikes"])[:420].reshape(21, 20, 60).sum(axis=1)
    expected = np.stack([counts[:, run["clusters"] == p].sum(axis=1) for p in range(8)], axis=1)
    np.testing.assert_allclose(rates, expected / np.bincount(run["clusters"]) / 0.01, rtol=1e-6)
    voltage = np.concatenate([frame["voltage"] for frame in page.frames])
    run = StageSNNSimulation(SMALL).run(0.214, record=["voltage"], neurons=[0])
    np.testing.assert_allclose(voltage[:, 1], run["voltage"][:, 0] / 1.5, rtol=1e-6)


def test_it_runs_at_the_speed_it_is_told(page):
    page.do("speed", value=5.0)
    page.do("play")
    began, t0 = time.monotonic(), page.latest("status")["time"]
    page.wait(lambda: page.frames and page.frames[-1]["t"][1] > t0 + 4.0)
    assert time.monotonic() - began > 0.6
    status = page.wait(lambda: (page.latest("status") or {}).get("held_speed") and page.latest("status"))
    assert status["held_speed"] > 1 and status["running"]
    assert page.do("pause")["running"] is False
    page.take()
    n = len(page.frames)
    time.sleep(0.2)
    page.take()
    assert len(page.frames) <= n + 1


def test_the_journal_gives_the_same_spikes(page, caplog):
    page.do("step", seconds=0.1)
    page.do("knob", key="arousal.level", value=0.9)
    page.do("perturb", target="rate", values=[6.0, 0, 0, 0, 0, 0, 0, 0])
    page.do("step", seconds=0.11)
    page.do("pulse", cluster=1, seconds=0.05, strength=20.0)
    page.do("step", seconds=0.2)
    page.do("knob", key="architecture.clusters.j_potentiated[0]", value=3.0)
    page.do("perturb", target="rate", values=[0.0] * 8)
    page.do("step", seconds=0.1)
    page.do("save")
    saved = page.wait(lambda: page.latest("saved"))
    page.wait(lambda: page.frames[-1]["t"][1] > 0.5099)
    journal = load_journal(page.running._folder / "default-1")
    spikes = journal.spikes(1020)
    assert page.spikes() == (spikes.steps.tolist(), spikes.neurons.tolist())
    folder = page.running._folder / "default-1"
    assert saved["folder"] == str(folder) and (folder / "plots/raster.png").stat().st_size > 1000
    kept = load_spikes(folder)
    assert kept.steps.tolist() == spikes.steps.tolist() and kept.duration == pytest.approx(0.51)
    about = json.loads((folder / "metadata/run.json").read_text())["explored"]
    assert (about["from_sec"], about["changes_before"], about["changes_within"]) == (0, 0, 6)
    now = load_experiment(folder / "metadata/config.yaml")
    assert (now.arousal.level, now.architecture.clusters.j_potentiated[0]) == (0.9, 3.0)
    assert not now.perturbation.blocks
    with caplog.at_level("WARNING"):
        assert Analyzer(folder).sessions
    assert "parameters were changed 6 times within these spikes" in caplog.text
    page.do("save")
    page.wait(lambda: page.count("saved") == 2)
    assert (page.running._folder / "default-2").is_dir()


def test_vectors_that_hold_are_in_the_configuration(page):
    vector = [0, 2.5, 0, 0, -1, 0, 0, 0]
    page.do("perturb", target="rate", values=vector)
    page.do("step", seconds=0.1)
    page.do("save")
    saved = page.wait(lambda: page.latest("saved"))
    stager = StageSNNSimulation(saved["folder"] + "/metadata/config.yaml")
    assert stager.experiment.timed_perturbations["rate"].vector.tolist() == vector
    expected = stager.run(record=["spikes"])["spikes"]
    page.wait(lambda: page.frames[-1]["t"][1] > 0.099)
    assert page.spikes() == (expected.steps.tolist(), expected.neurons.tolist())


def test_a_pulse_drives_its_cluster_and_ends(page):
    page.do("step", seconds=0.2)
    page.do("pulse", cluster=2, seconds=0.1, strength=60.0)
    assert page.do("step", seconds=0.3)["time"] == pytest.approx(0.5)
    page.wait(lambda: page.frames[-1]["t"][1] > 0.499)
    rates = np.concatenate([frame["rates"][1] for frame in page.frames])[:, 2]
    assert rates[20:30].mean() > 3 * max(rates[:20].mean(), rates[35:].mean(), 1)
    last = page.running._journal.changes[-1]
    assert last.step == 600 and (last.perturbations["rate"] == "configured")


def test_the_twin_has_the_noise_but_no_perturbation(page):
    page.do("step", seconds=0.1)
    page.do("ab", on=True)
    page.do("perturb", target="threshold", values=[-0.2] * 8)
    page.do("knob", key="external_currents.nu_ext_baseline[0]", value=11.0)
    page.do("step", seconds=0.2)
    frames = page.wait(lambda: [f for f in page.frames if "rates_b" in f and f["t"][1] > 0.299] and page.frames)
    twin = [frame for frame in frames if "rates_b" in frame]
    journal = Journal(load_experiment(SMALL), 256)
    stepper = journal.start()
    stepper.advance(200)
    stepper.set(overrides=["external_currents.nu_ext_baseline[0]=11.0"])
    spikes = stepper.advance(400).spikes
    steps = np.concatenate([np.round((f["times_b"] + f["t"][0]) / 5e-4) for f in twin])
    assert steps.astype(int).tolist() == (spikes.steps + 200).tolist()
    assert sum(len(frame["times"]) for frame in twin) > len(spikes)
    assert page.do("ab", on=False)["ab"] is False


def test_other_networks_other_noise_and_back(page):
    page.do("knob", key="arousal.level", value=0.9)
    page.do("perturb", target="rate", values=[1.0] * 8)
    page.do("step", seconds=0.2)
    status = page.do("restart", noise_seed=7)
    assert (status["time"], status["noise_seed"], status["seed"], status["knobs"]["arousal.level"]) == (0, 7, 256, 0.9)
    assert status["perturbation"] == {"rate": [1.0] * 8}
    status = page.do("network", seed=8)
    assert (status["seed"], status["noise_seed"], status["n_changes"]) == (8, 8, 1)
    status = page.do("knob", key="architecture.network.connectivity_fraction_probs[0]", value=0.3)
    assert (status["time"], status["knobs"]["architecture.network.connectivity_fraction_probs[0]"]) == (0, 0.3)
    status = page.do("reset")
    assert (status["seed"], status["noise_seed"], status["knobs"]["arousal.level"]) == (256, 256, 0.3)
    assert status["perturbation"] == {} and status["n_changes"] == 0


def test_what_is_refused_changes_nothing(page):
    before = page.do("step", seconds=0.01)
    status = page.do("perturb", target="threshold", values=[-9.0] * 8)
    error = page.latest("error")
    assert error["about"] == "threshold" and "threshold becomes" in error["message"]
    assert status["perturbation"] == before["perturbation"] == {}
    page.do("knob", key="external_currents.nu_ext_baseline[0]", value=-3.0)
    assert page.latest("error")["about"] == "external_currents.nu_ext_baseline[0]"
    with pytest.raises(InputError, match="do: "):
        page.running.command({"do": "quit"})


def test_random_vectors_and_neurons(page):
    page.do("vector", kind="random", target="rate", seed=3)
    vector = page.wait(lambda: page.latest("vector"))
    assert np.abs(vector["values"]).max() == pytest.approx(2.5) and not any(vector["values"][3:])
    assert page.do("neuron", index=41)["neuron"] == 41
    page.do("landscape", clusters=[2, 0])
    page.wait(lambda: NoTheory.asked and NoTheory.asked[-1][3] == (2, 0))


def test_theory_is_asked_what_holds(page):
    page.do("perturb", target="rate", values=[2.0] * 8)
    page.wait(lambda: NoTheory.asked and "rate" in NoTheory.asked[-1][2])
    page.do("perturb", target="rate", values=[0.0] * 8)
    page.wait(lambda: not NoTheory.asked[-1][2]["rate"].any())


def test_what_a_page_needs_to_know(page):
    assert page.latest("status")["changed"] == {} and page.running.hello["windows"] == []
    page.do("pulse", cluster=1, seconds=0.1, strength=-4.0)
    assert page.latest("status")["pulses"] == [{"cluster": 1, "from": 0.0, "to": 0.1, "strength": -4.0}]
    status = page.do("knob", key="arousal.level", value=0.9)
    assert (status["changed"], status["n_changes"]) == ({"arousal.level": 0.3}, 2)
    assert page.do("knob", key="arousal.level", value=0.9)["n_changes"] == 2
    page.do("step", seconds=3.0)
    page.wait(lambda: (s := page.latest("statistics")) and s["seconds"] > 2.9 and s["since"] < 0.1)
    page.do("knob", key="architecture.clusters.j_potentiated[0]", value=1e4)
    assert page.latest("error")["message"].startswith("architecture.clusters.j_potentiated")


def test_what_is_configured_is_told(tmp_path):
    running = Exploration(load_experiment(PERTURBED, STIMULUS), folder=tmp_path)
    try:
        page = Page(running)
        assert page.do("pause")["configured"] == {"rate": True}
        windows = [(each["what"], each["from"]) for each in running.hello["windows"]]
        assert windows == [("stimulus", 0.05), ("stimulus", 0.25), ("rate", 0.01)]
        assert page.do("perturb", target="rate", values=[0.0] * 8)["configured"] == {}
    finally:
        running.close()


def test_a_page_that_does_not_look_costs_nothing(page):
    page.running.command({"do": "speed", "value": 20.0})
    page.running.command({"do": "play"})
    time.sleep(0.5)
    frames = [each for _ in range(40) for each in page.running.outgoing() if isinstance(each, bytes)]
    assert len(frames) <= exploration.MAX_UNSEEN


def test_an_error_of_the_simulation_is_said(page, monkeypatch):
    def fail(n_steps):
        raise ValueError("out of luck")

    monkeypatch.setattr(page.running._at.stepper, "advance", fail)
    page.running.command({"do": "play"})
    assert "out of luck" in page.wait(lambda: page.latest("failed"))["message"]
    page.do("restart", noise_seed=None)
    assert page.latest("status")["running"] is False
    assert page.do("step", seconds=0.1)["time"] == pytest.approx(0.1)


def test_a_network_that_cannot_be_drawn_leaves_the_one_there_is(page, monkeypatch):
    page.do("step", seconds=0.1)

    def refuse(self):
        raise InputError("not today")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "start", refuse)
        for command in ({"do": "network", "seed": 3}, {"do": "reset"}, {"do": "restart", "noise_seed": 1}):
            page.do(**command)
            assert page.latest("error")["message"] == "not today"
    status = page.do("step", seconds=0.1)
    assert (status["time"], status["seed"], status["building"]) == (pytest.approx(0.2), 256, False)


def test_a_full_journal_refuses_changes_but_ends_pulses(page, monkeypatch):
    monkeypatch.setattr(exploration, "MAX_CHANGES", 2)
    page.do("pulse", cluster=0, seconds=0.05, strength=9.0)
    page.do("knob", key="arousal.level", value=0.8)
    page.do("step", seconds=0.02)
    for refused in ({"do": "knob", "key": "arousal.level", "value": 0.9}, {"do": "pulse", "cluster": 1} | PULSE):
        page.do(**refused)
        assert "2 changes are kept" in page.latest("error")["message"]
    page.do("perturb", target="rate", values=[1.0] * 8)
    assert page.latest("error")["about"] == "rate"
    status = page.do("step", seconds=0.1)
    assert status["knobs"]["arousal.level"] == 0.8 and status["perturbation"] == {}
    page.wait(lambda: page.frames[-1]["t"][1] > 0.119)
    spikes = page.running._journal.spikes(240)
    assert page.spikes() == (spikes.steps.tolist(), spikes.neurons.tolist())


def test_a_pulse_leaves_the_configured_perturbation(tmp_path):
    running = Exploration(load_experiment(PERTURBED), folder=tmp_path)
    try:
        page = Page(running)
        page.do("pause")
        page.do("restart", noise_seed=None)
        page.frames.clear()
        page.do("step", seconds=0.1)
        assert page.do("step", seconds=0.0125)["perturbation"]["rate"][0] != 0
        page.do("pulse", cluster=2, seconds=0.02, strength=5.0)
        page.do("step", seconds=0.1)
        page.do("save")
        saved = page.wait(lambda: page.latest("saved"))
        assert running._at.stepper.parameters.perturbations["rate"] is not None
        assert load_experiment(saved["folder"] + "/metadata/config.yaml").timed_perturbations["rate"].vector.any()
        spikes = load_journal(saved["folder"]).spikes(425)
        page.wait(lambda: page.frames[-1]["t"][1] > 0.2124)
        assert page.spikes() == (spikes.steps.tolist(), spikes.neurons.tolist())
        page.do("perturb", target="rate", values=[0.0] * 8)
        assert not any(page.do("step", seconds=0.01)["perturbation"]["rate"])
    finally:
        running.close()


def test_what_is_saved_late_has_the_times_of_the_network(tmp_path, monkeypatch):
    monkeypatch.setattr(player, "KEPT_SECONDS", 0.1)
    hat = {"shape": "hat", "onset_time": 0.05, "offset_time": 0.08}
    rate = {"vectors": [[1.0, 0.5]], "involved_clusters": [0, 1], "params": [3.0], "time_dependence": hat}
    config = SMALL | {"init_params": {"duration_sec": 1.0}, "perturbation": {"rate": rate}}
    running = Exploration(load_experiment(config, STIMULUS), folder=tmp_path)
    try:
        page = Page(running)
        page.do("pause")
        page.do("restart", noise_seed=None)
        for _ in range(6):
            page.do("step", seconds=0.05)
        page.do("save")
        saved = page.wait(lambda: page.latest("saved"))
    finally:
        running.close()
    about = json.loads(Path(saved["folder"], "metadata/run.json").read_text())
    assert about["first_step"] == 400 and about["explored"]["from_sec"] == pytest.approx(0.2)
    assert about["perturbations"]["rate"]["n_populations"] == 0
    assert about["stimulus"]["onsets_sec"] == [pytest.approx(0.05)]
    again = load_experiment(Path(saved["folder"], "metadata/config.yaml"))
    assert again.timed_perturbations["rate"].time_course.offset_time == pytest.approx(0.08)


def test_folders_that_cannot_be_written_to_are_said(page, tmp_path):
    (tmp_path / "explored").write_text("a file")
    page.do("step", seconds=0.1)
    page.do("save")
    assert "explored" in page.wait(lambda: page.latest("error"))["message"]


def test_a_journal_is_read_as_it_was_saved(tmp_path):
    journal = Journal(load_experiment("small"), noise_seed=3)
    journal.change(40, overrides=["arousal.level=0.6"], perturbations={"rate": [1.5] + [0] * 13})
    journal.change(60, perturbations={"rate": None})
    assert journal.save(tmp_path / "new") == tmp_path / "new/metadata/explored.json"
    again = load_journal(tmp_path / "new")
    assert again.to_json() == journal.to_json()
    assert again.spikes(80).steps.tolist() == journal.spikes(80).steps.tolist()


@pytest.mark.parametrize("text", ["[", "[]", '{"changes": [{"step": -1}]}', '{"changes": [], "noise_seed": "x"}'])
def test_journals_that_are_none(tmp_path, text):
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata/explored.json").write_text(text)
    with pytest.raises(DataError, match=r"explored\.json"):
        load_journal(tmp_path)
