from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from neuro_mod.config import load_experiment
from neuro_mod.errors import InputError, Interrupted, StorageError
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.recording import RECORDABLE
from neuro_mod.execution.stagers.saved_state import load_state, save_state, state_arrays
from neuro_mod.recordings.saved import load_spikes
from tests.helpers.folders import run_json
from tests.helpers.platforms import POSIX_ONLY, make_pipe
from tests.helpers.shared import CONFIGS, EXPERIMENTS, SMALL

DEFAULT = CONFIGS / "default_snn_params.yaml"


@pytest.fixture
def stager(tmp_path):
    settings = {"save_dir": str(tmp_path), "sim_name": "run"}
    return StageSNNSimulation.from_dict(SMALL | {"settings": settings}, random_seed=3)


def test_outputs_of_the_default_network():
    outputs = StageSNNSimulation(DEFAULT, random_seed=123).run(duration_sec=0.2)
    assert set(outputs) == {*RECORDABLE, "spike_counts", "rates", "stimulus", "weights", "clusters", "metadata"}
    dense = np.asarray(outputs["spikes"])
    assert dense.dtype == bool and dense.shape == (400, 2000)
    assert outputs["spikes"].sum() == dense.sum() > 0
    assert outputs["voltage"].shape == outputs["current"].shape == (400, 2000)
    assert np.asarray(outputs["stimulus"]).shape == (400, 2000)
    assert outputs["weights"].shape == (2000, 2000)
    assert outputs["clusters"].shape == (2000,) and outputs["clusters"].max() == 37
    metadata = outputs["metadata"]
    assert metadata["real_time_factor"] > 0 and metadata["random_seed"] == 123
    assert list(metadata["mean_rates_hz"]) == list(load_experiment(DEFAULT).populations.names)
    assert load_experiment(metadata["config"]).init_params.duration_sec == 0.2


def test_a_configuration_can_come_in_many_forms(stager):
    text = stager.experiment.to_yaml()
    runs = [
        StageSNNSimulation(source).run()["spikes"] for source in (text, text.encode(), SMALL, load_experiment(text))
    ]
    assert runs[0].steps.tobytes() == runs[1].steps.tobytes() == runs[3].steps.tobytes()
    assert len(runs[2]) and len(runs[0])


def test_sums_of_spikes_need_no_dense_array(stager):
    spikes = stager.run()["spikes"]
    dense = np.asarray(spikes)
    assert np.array_equal(spikes.sum(axis=0), dense.sum(axis=0))
    assert np.array_equal(spikes.sum(axis=1), dense.sum(axis=1))
    with pytest.raises(ValueError, match="axis"):
        spikes.sum(axis=2)


def test_recording_can_be_limited(stager):
    full = stager.run()
    part = stager.run(record=("spikes", "voltage"), neurons=[5, 50], every=10)
    assert np.array_equal(part["voltage"], full["voltage"][::10][:, [5, 50]])
    assert "current" not in part and "voltage" not in stager.run(record=("spikes",))
    with pytest.raises(KeyError, match="'current' was not recorded; there are spikes, spike_counts, voltage"):
        part["current"]


def test_neurons_may_be_a_mask(stager):
    mask = np.zeros(60, bool)
    mask[[5, 50]] = True
    assert np.array_equal(stager.run(neurons=mask)["voltage"], stager.run(neurons=[5, 50])["voltage"])


def test_a_saved_state_continues_the_run_stimulus_included(tmp_path):
    config = SMALL | {"stimulus": {"onsets": [0.15], "duration_sec": 0.1, "amplitude": 60.0}}
    whole = StageSNNSimulation(config).run(duration_sec=0.3)
    first = StageSNNSimulation(config)
    first.execute("none", out=tmp_path, duration_sec=0.12)
    second = StageSNNSimulation(config).run(duration_sec=0.18, initial_state=load_state(tmp_path))
    joined = np.vstack([first.outputs["spikes"], second["spikes"]])
    assert np.array_equal(joined, np.asarray(whole["spikes"])) and joined.any()


@POSIX_ONLY
def test_a_state_is_not_saved_in_place_of_a_pipe(stager, tmp_path):
    make_pipe(pipe := tmp_path / "pipe")
    with pytest.raises(InputError, match=r"found; expected .* this is a named pipe$"):
        save_state(pipe, stager.run(0.01).state)
    assert pipe.is_fifo() and list(tmp_path.iterdir()) == [pipe]


def test_a_state_belongs_to_its_time_step_and_network(stager):
    state = stager.run().state
    with pytest.raises(ValueError, match=r"expected steps of 0\.001 s"):
        stager.run(delta_t=1e-3, initial_state=state)
    with pytest.raises(ValueError, match="voltage of the state: shape"):
        StageSNNSimulation(DEFAULT).run(0.01, initial_state=state)


def test_a_state_of_other_connections_is_refused_and_one_of_other_parameters_is_not(tmp_path, caplog):
    first = StageSNNSimulation(SMALL, 1).run(0.02)
    other = StageSNNSimulation(SMALL, 2)
    with pytest.raises(InputError, match=r"network of the state: .* set allow_other_network"):
        other.run(0.02, initial_state=first.state)
    moved = other.run(0.02, initial_state=first.state, allow_other_network=True)
    assert moved.state.network == other.network.fingerprint != first.state.network
    louder = StageSNNSimulation(SMALL, 1, overrides=["arousal.level=0.9", "architecture.clusters.j_potentiated[0]=1.8"])
    assert louder.run(0.02, initial_state=first.state).state.network == first.state.network
    arrays = state_arrays(first.state)
    np.savez(tmp_path / "new.npz", **arrays)
    assert load_state(tmp_path / "new.npz").network == first.state.network and not caplog.messages
    np.savez(tmp_path / "old.npz", **{name: each for name, each in arrays.items() if name != "network"})
    assert load_state(tmp_path / "old.npz").network is None and "old.npz does not say which network" in caplog.text


def test_a_stimulus_that_reaches_nobody_is_said(caplog):
    config = SMALL | {"stimulus": {"onsets": [5.0], "amplitude": 60.0}}
    StageSNNSimulation(config).run()
    assert "reaches no neuron" in caplog.text


@pytest.mark.parametrize("tau_refractory", [1e6, 1e9, 1e11])
def test_an_endless_refractory_period_allows_one_spike(tau_refractory):
    changes = [f"init_params.tau_refractory={tau_refractory}", "settings.allow_unusual=true"]
    stager = StageSNNSimulation(SMALL, overrides=changes)
    counts = stager.run()["spikes"].sum(axis=0)
    assert counts.max() == 1


@pytest.mark.parametrize("rate", [1e9, 1e11])
def test_rates_that_cannot_be_drawn_are_refused(rate):
    with pytest.raises(ValueError, match="external spikes in each step"):
        StageSNNSimulation(SMALL, overrides=[f"external_currents.nu_ext_baseline={rate}"]).run()


def test_memory_does_not_grow_with_silent_steps():
    import tracemalloc

    stager = StageSNNSimulation(SMALL, overrides=["external_currents.nu_ext_baseline=0"])
    stager.run(duration_sec=1.0, record=("spikes",))
    tracemalloc.start()
    outputs = stager.run(duration_sec=500.0, record=("spikes",))  # a million steps
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert outputs["spikes"].n_steps == 1_000_000 and peak < 100e6


def test_two_seconds_are_twice_one_second(stager):
    whole = stager.run(duration_sec=2.0)
    first = stager.run(duration_sec=1.0)
    second = stager.run(duration_sec=1.0, initial_state=first.state)
    joined = np.vstack([first["spikes"], second["spikes"]])
    assert np.array_equal(joined, np.asarray(whole["spikes"])) and joined.any()
    assert second.state.voltage.tobytes() == whole.state.voltage.tobytes()


def test_a_run_is_the_same_whatever_ran_before(stager):
    first, again = stager.run(), stager.run()
    assert first["spikes"].neurons.tobytes() == again["spikes"].neurons.tobytes()
    other = StageSNNSimulation(SMALL, random_seed=4).run()
    assert first["spikes"].neurons.tobytes() != other["spikes"].neurons.tobytes()


def test_a_stimulus_raises_the_rate_of_its_clusters_while_it_lasts():
    stimulus = {"onsets": [0.1], "duration_sec": 0.1, "amplitude": 60.0, "stimulated_neuron_prob": 1.0}
    stager = StageSNNSimulation(SMALL | {"stimulus": stimulus, "init_params": {"duration_sec": 0.3}})
    outputs = stager.run()
    reached = np.asarray(outputs["stimulus"]).any(axis=0)
    assert 0 < reached.sum() < 40
    counts = np.asarray(outputs["spikes"])[:, reached].reshape(3, 200, -1).sum((1, 2))
    assert counts[1] > 3 * max(counts[0], counts[2])


def test_clusters_may_be_absent_or_empty():
    none = {"clusters": {"n_clusters": 0, "n_background": [40, 20]}, "network": SMALL["architecture"]["network"]}
    excitatory_only = {
        "clusters": {"n_clusters": 2, "n_background": [10, 20], "depress": False, "j_potentiated": 2},
        "network": {"n_neurons": 60, "n_excitatory": 40},
    }
    for architecture in (none, excitatory_only):
        outputs = StageSNNSimulation(SMALL | {"architecture": architecture}).run()
        assert outputs["spikes"].sum() > 0
        assert all(np.isfinite(rate) for rate in outputs["metadata"]["mean_rates_hz"].values())


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda path: path.stem)
def test_every_shipped_configuration_runs(file):
    assert StageSNNSimulation(file).run(duration_sec=0.05)["spikes"].n_steps == 100


def test_the_shipped_perturbations_act():
    file = CONFIGS / "perturbed/default_snn_params_with_perturbation.yaml"
    experiment = load_experiment(file)
    sections = experiment.model_dump(exclude={"perturbation"}, exclude_unset=True)
    perturbed, without = (StageSNNSimulation(source).run(0.1, record=("spikes",)) for source in (experiment, sections))
    assert set(perturbed["perturbations"]) == {"rate", "arousal_level"} and "perturbations" not in without
    counts, before = perturbed["spike_counts"], without["spike_counts"]
    assert (counts != before).any()
    # by hand, see tests/contract/test_user_calls.py
    np.testing.assert_allclose(perturbed["perturbations"]["rate"].at([0])[0][:6], [0.3, 0.28, -0.08, -0.18, 0.2, 0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"record": ("spikes", "voltages")}, "voltages found; expected a list of spikes, voltage, current"),
        ({"record": "voltage"}, 'record: "voltage" found; expected a list'),
        ({"every": 0}, "every: 0 found"),
        ({"every": 2.5}, "every: 2.5 found; expected a whole number from 1"),
        ({"record": None}, "expected a list"),
        ({"neurons": [1.7]}, "indices, or a boolean mask"),
        ({"neurons": 5}, "indices, or a boolean mask"),
        ({"neurons": [-1]}, "from 0 to 59"),
        ({"neurons": [60]}, "from 0 to 59"),
        ({"dtype": "float16"}, "float32, float64"),
        ({"duration_sec": -1.0}, "duration_sec"),
        ({"delta_t": 0.0}, "delta_t"),
        ({"duration_sec": 1e6, "record": ("voltage",)}, "GB of memory; record fewer"),
    ],
)
def test_clear_errors(stager, arguments, message):
    with pytest.raises(ValueError, match=message):
        stager.run(**arguments)


def test_execute_saves_and_draws(stager, tmp_path):
    outputs = stager.execute(plot_arg="spikes")
    folder = tmp_path / "run"
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == {
        "data/spikes.npz",
        "data/rates.npz",
        "data/voltage.npz",
        "data/state.npz",
        "data/clusters.npy",
        "plots/raster.png",
        "metadata/plan.json",
        "metadata/config.yaml",
        "metadata/run.json",
        "metadata/manifest.json",
    }
    assert {str(folder / name) for name in files} == set(outputs["metadata"]["files"])
    saved = load_spikes(folder)
    assert saved.neurons.tobytes() == outputs["spikes"].neurons.tobytes() and saved.shape == outputs["spikes"].shape
    assert np.array_equal(np.load(folder / "data/clusters.npy"), outputs["clusters"])
    run = run_json(folder)
    assert run["versions"]["numpy"] == np.__version__ and run["command"] == sys.argv
    assert {"git", "machine", "wall_seconds", "random_seed", "mean_rates_hz"} <= set(run)


def test_the_saved_configuration_replays_the_run(stager, tmp_path):
    first = stager.execute("none", dtype="float64")
    again = StageSNNSimulation(tmp_path / "run/metadata/config.yaml").run(dtype="float64")
    assert first["spikes"].neurons.tobytes() == again["spikes"].neurons.tobytes()


def test_same_seed_same_files(stager, tmp_path):
    stager.execute("none", out=tmp_path / "a")
    stager.execute("none", out=tmp_path / "b")
    for name in ("spikes.npz", "voltage.npz", "state.npz", "clusters.npy"):
        assert (tmp_path / "a/data" / name).read_bytes() == (tmp_path / "b/data" / name).read_bytes()


def test_without_saving_or_plotting_nothing_is_written(tmp_path):
    settings = {"save_dir": str(tmp_path), "save": False, "plot": False}
    StageSNNSimulation(SMALL | {"settings": settings}).execute()
    assert not list(tmp_path.iterdir())


def test_a_later_run_in_the_same_folder_leaves_nothing_of_the_earlier(stager, tmp_path):
    stager.execute(record=("spikes", "voltage", "current"))
    (tmp_path / "run/data/notes.txt").write_text("mine")
    stager.execute(plot_arg="none", record=("spikes",))
    names = {path.name for path in (tmp_path / "run").rglob("*") if path.is_file()}
    assert names == {
        "spikes.npz",
        "rates.npz",
        "state.npz",
        "clusters.npy",
        "plan.json",
        "config.yaml",
        "run.json",
        "manifest.json",
        "notes.txt",
    }


def test_unknown_picture_lists_the_valid_ones(stager):
    with pytest.raises(
        ValueError,
        match='"rasters" found; expected one of spikes, rates, voltage, perturbations, param',
    ):
        stager.execute(plot_arg="rasters")


def test_several_pictures_are_chosen_by_name(stager, tmp_path):
    stager.execute(plot_arg="spikes,voltage")
    assert {path.name for path in (tmp_path / "run/plots").iterdir()} == {"raster.png", "voltage.png"}
    with pytest.raises(ValueError, match=r'"spikes,none" found; .* several, as spikes,rates'):
        stager.execute(plot_arg="spikes,none")


def test_an_unwritable_folder_is_known_before_simulating(stager, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(StageSNNSimulation, "run", lambda *_, **__: pytest.fail("it simulated"))
    with pytest.raises(StorageError, match=r"cannot write to the folder .*file/x"):
        stager.execute(out=tmp_path / "file/x")


def test_an_interruption_before_the_first_step_leaves_earlier_results_alone(stager, tmp_path, monkeypatch):
    stager.execute("none")
    before = (tmp_path / "run/data/spikes.npz").read_bytes()

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("neuro_mod.core.spiking_net.engine.kernel.advance", interrupt)
    with pytest.raises(Interrupted):
        stager.execute("none")
    assert (tmp_path / "run/data/spikes.npz").read_bytes() == before


def test_interruption_saves_the_finished_part(stager, tmp_path, monkeypatch):
    monkeypatch.setattr("neuro_mod.core.spiking_net.engine.simulate._UPDATES_PER_CALL", 60 * 100)
    whole = stager.run()["spikes"]

    def interrupt(done, calls=[]):  # noqa: B006
        calls.append(done)
        if len(calls) == 3:
            raise KeyboardInterrupt

    class Progress:
        def __enter__(self):
            return interrupt

        def __exit__(self, *_):
            return None

    monkeypatch.setattr("neuro_mod.execution.stagers.spiking_net.progress_shown", lambda _, shown: Progress())
    with pytest.raises(Interrupted):
        stager.execute(progress=True)
    saved = load_spikes(tmp_path / "run")
    assert 0 < saved.n_steps < whole.n_steps
    assert np.array_equal(saved.neurons, whole.neurons[whole.steps < saved.n_steps])
    assert json.loads((tmp_path / "run/metadata/run.json").read_text())["interrupted"] is True
