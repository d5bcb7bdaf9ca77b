"""Responses on the disk: durable, extended without simulating again, and open for any observable."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from neuro_mod import Analyzer, Responses, gather
from neuro_mod.core.spiking_net.analysis.states.names import clusters_of_state, state_name
from neuro_mod.errors import InputError, MissingFileError
from neuro_mod.execution import jobs
from neuro_mod.execution.control.response.job import ResponseJob
from neuro_mod.execution.control.response.observing import Observing
from neuro_mod.execution.control.response.simulate import ScoredTrial, SimulateTrial
from neuro_mod.execution.jobs import Execution
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.populations import Populations
from tests.helpers.folders import arrays_in, data_in, run_json
from tests.helpers.shared import SMALL

CONFIG = SMALL | {"init_params": {"duration_sec": 0.6}, "settings": {"plot": False}}
#: Above and below 3 Hz its clusters are about as often.
THRESHOLD = {"method": "threshold", "parameters": {"high_hz": 3.0}}
OBSERVING = Observing.of({"windows": [0.05, 0.1], "settle": 0.1} | THRESHOLD)


@pytest.fixture(scope="module")
def stager():
    return StageSNNSimulation(CONFIG)


@pytest.fixture(scope="module")
def undisturbed(stager, tmp_path_factory):
    folder = tmp_path_factory.mktemp("responses")
    jobs.run(ResponseJob(stager, 4, OBSERVING), folder)
    return folder


@pytest.fixture
def not_simulated(monkeypatch):
    def refused(*_):
        raise AssertionError("simulated again")

    monkeypatch.setattr(SimulateTrial, "__call__", refused)


def test_the_folder_holds_what_python_gets(stager, undisturbed):
    in_memory = Responses.simulated(stager, 4, **OBSERVING.describe())
    saved = Responses(undisturbed)
    for name in ("occupancy", "switching", "states", "rates"):
        ours, theirs = getattr(in_memory, name)(), getattr(saved, name)()
        assert ours.names == theirs.names and np.array_equal(ours.value, theirs.value)
        assert theirs.response == pytest.approx(ours.response, rel=1e-5, abs=1e-4, nan_ok=True)
    arrays = arrays_in(undisturbed / "data/responses.npz")
    place = arrays["observables"].tolist().index("occupancy 1")
    response, error = saved.gradient("occupancy 1", 0.1)
    assert np.array_equal(arrays["response"][1, place], response) and np.array_equal(arrays["error"][1, place], error)
    table = saved.table(0.05)
    row = table[(table.observable == "rate I2") & (table.population == "E_background")].iloc[0]
    assert row.response == saved.rates([0.05]).gradient("rate I2")[0][3] and row.unit == "Hz/Hz"
    assert Analyzer(undisturbed).n_sessions == 4
    assert run_json(undisturbed)["observing"] == OBSERVING.describe()


def test_threads_and_resuming_give_the_same_bytes(stager, undisturbed, tmp_path):
    jobs.run(ResponseJob(stager, 2, OBSERVING), tmp_path)
    jobs.run(ResponseJob(stager, 4, OBSERVING), tmp_path, Execution("thread", 2))
    assert data_in(tmp_path) == data_in(undisturbed)


def test_shards_are_gathered(stager, undisturbed, tmp_path):
    for k in (1, 2):
        jobs.run(ResponseJob(stager, 4, OBSERVING), tmp_path, Execution(shard=f"{k}/2"))
    assert gather(tmp_path)["n_trials"] == 4
    assert data_in(tmp_path) == data_in(undisturbed)


def test_what_is_observed_changes_without_simulating(stager, undisturbed, tmp_path, not_simulated):
    """Other windows, another method, states, and a function of the user."""
    del not_simulated
    (tmp_path / "mine.py").write_text("def both(session):\n    return session.active[:, :2].astype(float)\n")
    changes = {"windows": [0.2], "settle": 0.0, "method": "threshold", "parameters": {"high_hz": 2.0}}
    other, seen = Observing.of(changes), Responses(undisturbed, **changes)
    assert seen.observing.describe() == other.describe()
    state = state_name(seen.seen_states[1].members)
    job = ResponseJob(stager, 4, other, states=[state], observables=["mine:both"], functions=tmp_path)
    folder = tmp_path / "again"
    shutil.copytree(undisturbed, folder)
    about = jobs.run(job, folder)
    arrays = arrays_in(folder / "data/responses.npz")
    names = arrays["observables"].tolist()
    assert f"state {state}" in names and arrays["windows"].tolist() == pytest.approx([0.2])
    of_user, own = (arrays["response"][0, names.index(name)] for name in ("both 1", "occupancy 1"))
    assert np.sign(of_user[1]) == np.sign(own[1])  # the same but for what the past explains
    assert arrays["value"][0, names.index("both 1")] == arrays["value"][0, names.index("occupancy 1")]
    assert about["thresholds_hz"] == [2.0] * 3
    more = Responses(folder).of(lambda session: session.spikes.sum(axis=1)[::10][: len(session.times)], name="spikes")
    assert more.names == ("spikes",) and np.isfinite(more.response).all()


def test_targets_differ_and_populations_without_neurons_are_left_out(undisturbed, stager):
    rate, arousal = (Responses(undisturbed, target=target).rates() for target in ("rate", "arousal_rate"))
    assert rate.populations == stager.circuit.populations.names
    ratio = arousal.response / rate.response
    assert np.nanmedian(ratio) == pytest.approx(0.5, abs=0.15)  # the mean z
    trial = SimulateTrial(StageSNNSimulation(CONFIG))(1, lambda _: None)
    layout = Populations(3, (10, 0), (10, 20))
    keep = [0, 1, 2, 3, 7]
    for name in ("counts", "scores", "arousal_scores"):
        values = np.zeros_like(getattr(trial, name))
        values[:, keep] = getattr(trial, name)[:, keep]
        trial = replace(trial, **{name: values})
    found = Responses.of_trials([trial], layout, OBSERVING)
    assert found.occupancy().populations == ("E0", "E1", "E2", "E_background", "I_background")
    assert found.occupancy(pooled=True).populations == ("own E", "another E", "E background", "I background")


def test_a_cluster_that_never_switches_is_unknown():
    rng = np.random.default_rng(1)
    counts = rng.poisson(0.1, (400, 6))
    counts[:, 0] = 4 * (np.arange(400) // 40 % 2)
    layout = Populations(2, (4, 4), (4, 4))
    scores = rng.normal(size=(400, 6))
    trial = ScoredTrial(None, counts, scores, scores, 5e-3)  # type: ignore[arg-type]
    found = Responses.of_trials(
        [trial], layout, Observing.of(OBSERVING.describe() | {"method": "threshold", "parameters": {"high_hz": 60.0}})
    )
    for each in (found.occupancy(), found.log_odds()):
        assert np.isnan(each.response[:, 1]).all() and np.isfinite(each.response[:, 0]).all()
    assert not found.occupancy().resolved[:, 1].any()
    with pytest.raises(InputError, match=r"state 1: never seen in 1\.\d+ s of 1 trials.*most are .*0 \("):
        found.states(["1"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"observing": Observing(windows=(0.7,))}, r"window: 0\.7 found; expected less than 0\.6 s.*--duration"),
        ({"observing": Observing(settle=2.0, windows=(0.1,))}, "settle: 2.0 found"),
        ({"observing": OBSERVING, "states": ["0+7"]}, r'state: "0\+7" found; expected E clusters from 0 to 2'),
        ({"observing": OBSERVING, "states": ["E0+x"]}, "state"),
        ({"observing": OBSERVING, "observables": ["nowhere:f"]}, "there is no"),
    ],
)
def test_what_cannot_be_observed_is_refused_before_anything_runs(stager, options, words):
    with pytest.raises(InputError, match=words):
        ResponseJob(stager, 2, **options)


def test_a_homogeneous_network_has_no_states():
    config = CONFIG | {
        "architecture": {
            "network": {"n_neurons": 60, "n_excitatory": 40},
            "clusters": {"n_clusters": 0, "n_background": [40, 20]},
        }
    }
    with pytest.raises(InputError, match="a homogeneous network has no states"):
        SimulateTrial(StageSNNSimulation(config))


def test_bad_functions_and_folders_are_named(undisturbed, tmp_path):
    found = Responses(undisturbed)
    with pytest.raises(InputError, match=r"observable short: an array of shape \(3,\) returned; expected .* \(120,\)"):
        found.of(lambda _: np.zeros(3), name="short")
    with pytest.raises(InputError, match="one of windows, settle, target"):
        Responses(undisturbed, window=0.1)
    with pytest.raises(InputError, match=r"one of 0\.05, 0\.1 s"):
        found.occupancy().gradient("occupancy 0", 0.3)
    with pytest.raises(MissingFileError):
        Responses(tmp_path)


def test_states_have_names():
    assert clusters_of_state("E3+E0 + E12", 18) == (0, 3, 12) == clusters_of_state("0+3+12", 18)
    assert clusters_of_state("none", 18) == ()


def test_responses_draw_the_figures_of_their_folder(undisturbed):
    responses = Responses(undisturbed)
    assert next(axes.get_ylabel() for axes in responses.plot().axes).startswith("occupancy of cluster")
    assert responses.plot("step_response", style="talk").axes and responses.plot("state_responses").axes
    with pytest.raises(InputError, match="expected one of occupancy_responses, state_responses, step_response"):
        responses.plot("steps")
