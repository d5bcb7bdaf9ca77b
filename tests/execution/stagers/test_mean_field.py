from __future__ import annotations

import csv
import itertools
import json

import numpy as np
import pytest
from numpy.polynomial import polynomial

from neuro_mod.config import load_experiment
from neuro_mod.core.mean_field.core import LIFMeanField
from neuro_mod.core.modulation import modulated_circuit
from neuro_mod.errors import StorageError
from neuro_mod.execution.stagers import (
    BifurcationStager,
    FullMeanFieldStager,
    ReducedMeanFieldStager,
    SensitivityStager,
)
from neuro_mod.execution.stagers.assembly import build_baseline
from tests.helpers.folders import arrays_in, files_in, run_json
from tests.helpers.shared import CONFIGS, SMALL

TWO_CLUSTERS = CONFIGS / "2_cluster_mf.yaml"
#: model.md, section 7 (two independent implementations): E1, E2, E background, I background in Hz.
SELECTIVE, SADDLE = [52.318916, 5.213988, 2.258635, 13.783422], [29.215101, 29.215101, 2.202282, 13.839673]
#: Populations of the reduced network that have neurons.
FILLED = [0, 1, 2, 5]

STAGERS = {
    FullMeanFieldStager: {"n_runs": 5},
    ReducedMeanFieldStager: {"grid_density": 20.0},
    BifurcationStager: {"limits": (18.0, 19.0), "n_values": 2},
    SensitivityStager: {"targets": ["rate", "arousal_level"], "n_runs": 5},
}
FILES = {
    FullMeanFieldStager: {"data/fixed_points.csv", "data/fixed_points.npz"},
    ReducedMeanFieldStager: {
        *("data/landscape.npz", "data/potential.csv", "data/states.csv", "data/barriers.csv"),
    },
    BifurcationStager: {"data/bifurcation.csv", "data/bifurcation.npz", "data/critical_points.csv"},
    SensitivityStager: {"data/sensitivities.csv", "data/sensitivities.npz"},
}
PICTURES = {
    FullMeanFieldStager: {"plots/fixed_points.png"},
    ReducedMeanFieldStager: {"plots/potential.png", "plots/phase_plane.png"},
    BifurcationStager: {"plots/bifurcation.png"},
    SensitivityStager: {"plots/sensitivities_0.png"},
}
FOLDERS = {
    FullMeanFieldStager: "run_fixed_points",
    ReducedMeanFieldStager: "run_landscape",
    BifurcationStager: "run_bifurcation",
    SensitivityStager: "run_sensitivity",
}
METADATA = {"metadata/config.yaml", "metadata/run.json", "metadata/manifest.json", "metadata/plan.json"}

UNDRAWN = ["settings.plot=false"]

every_stager = pytest.mark.parametrize("kind", STAGERS)


def sized(n_clusters, **clusters):
    """The small network with another number of clusters."""
    settings = {"n_clusters": n_clusters, "depress": False, "j_potentiated": [1.5, 1.5, 1.5, 1.5]} | clusters
    return SMALL | {"architecture": {"network": SMALL["architecture"]["network"], "clusters": settings}}


def perturbed(target, size, **time_dependence):
    block = {"vectors": [[1, -1]], "involved_clusters": [["E0", "I1"]], "params": [size]}
    if time_dependence:
        block["time_dependence"] = time_dependence
    return SMALL | {"perturbation": {target: block}, "arousal": {"level": 0.4}}


def flat(field):
    return field.coefficients.flat()


def read_table(path):
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def states():
    return FullMeanFieldStager(TWO_CLUSTERS, random_seed=7).run(n_runs=50)


def test_an_unknown_result_is_refused_with_the_names_of_all(states):
    with pytest.raises(KeyError, match=r"'distnct' is no result; there are .*distinct"):
        states["distnct"]


@pytest.fixture(scope="module")
def landscape():
    stager = ReducedMeanFieldStager(TWO_CLUSTERS, random_seed=7)
    return stager, stager.run(focus_pops=[0, 1], grid_density=4.0, grid_lims=(0.0, 60.0))


def test_fixed_points_as_in_the_readme(states):
    assert states["nu_init"].shape == states["fixed_point"].shape == (50, 6)
    assert states["nu_init"].min() >= 0 and states["nu_init"][:2].max() <= 60 and states["nu_init"].max() <= 200
    assert states["converged"].dtype == bool and states["converged"].shape == (50,) and states["converged"].all()
    assert states["stability"].shape == states["reached"].shape == (50,)
    assert set(states["stability"]) <= {"stable focus", "stable node", "saddle"}
    assert len(states["distinct"]) == states["metadata"]["n_distinct"] == 2


def test_states_of_the_reduced_network(states):
    """Of both images of the selective state one is listed, and runs end in either."""
    selective, saddle = states["distinct"]
    np.testing.assert_allclose(selective.rates[FILLED], SELECTIVE, atol=1e-6)
    np.testing.assert_allclose(saddle.rates[FILLED], SADDLE, atol=1e-6)
    assert selective.stable and selective.multiplicity == 2 and saddle.kind == "saddle"
    for end, kind, reached in zip(states["fixed_point"], states["stability"], states["reached"], strict=True):
        state = states["distinct"][reached]
        np.testing.assert_allclose(np.sort(end[FILLED]), np.sort(state.rates[FILLED]), rtol=1e-6)
        assert kind == state.kind
    ends = states["fixed_point"][states["reached"] == 0]
    assert set(np.argmax(ends[:, :2], axis=1)) == {0, 1}


def test_landscape_as_in_the_readme(landscape):
    _, outputs = landscape
    for name in ("mesh", "nu_outs", "force_field"):
        assert outputs[name].shape == (2, 16, 16)
    assert outputs["curl"].shape == (1, 16, 16) and outputs["rates"].shape == (16, 16, 6)
    assert np.array_equal(outputs["mesh"][0][:, 0], np.arange(0, 61, 4)) and not outputs["mesh"][0][0].any()
    assert np.array_equal(outputs["force_field"], outputs["nu_outs"] - outputs["mesh"])
    m = len(outputs["path"])
    assert outputs["path"].shape == (m, 2) and outputs["potential"].shape == outputs["displacement"].shape == (m,)
    assert outputs["path_rates"].shape == (m, 6)


@every_stager
@pytest.mark.parametrize(
    ("target", "size"),
    [
        *(("rate", 3.0), ("j_baseline", 0.2), ("j_potentiated", 0.2), ("j_ext", 0.05), ("threshold", 0.2)),
        *(("tau_membrane", 0.005), ("tau_synaptic", 0.002), ("tau_refractory", 0.002), ("arousal_level", 0.2)),
        *(("arousal_L", 0.1), ("arousal_x_0", 0.1), ("arousal_k", 0.3), ("arousal_M", 3.0)),
    ],
)
def test_perturbations_and_arousal_enter_as_in_the_simulation(kind, target, size):
    config = perturbed(target, size)
    delta = np.array([size, 0, 0, 0, 0, -size, 0, 0])
    baseline = build_baseline(load_experiment(config))
    expected = LIFMeanField.from_circuit(modulated_circuit(baseline, {target: delta}))
    stager = kind(config)
    assert np.array_equal(flat(stager.field), flat(expected))
    assert not np.array_equal(flat(stager.field), flat(LIFMeanField.from_circuit(modulated_circuit(baseline))))


def test_perturbations_are_taken_at_their_onset_or_at_a_given_time():
    """A ramp is 0 at its onset, 1/2 halfway, and gone after the window."""
    config = perturbed("threshold", 0.2, shape="ramp", onset_time=0.05, offset_time=0.15)

    def at(time):
        return FullMeanFieldStager(config, perturbation_time=time).circuit.neurons.threshold[[0, 1, 5]]

    for before_or_after in (None, 0.01, 0.19):
        assert at(before_or_after) == pytest.approx([1.5, 1.5, 0.75])
    assert at(0.1) == pytest.approx([1.6, 1.5, 0.65])
    hat = perturbed("threshold", 0.2, onset_time=0.05, offset_time=0.15)
    assert FullMeanFieldStager(hat).circuit.neurons.threshold[0] == pytest.approx(1.7)
    assert FullMeanFieldStager(hat, perturbation_time=0.0).run(0)["metadata"]["perturbation_time_sec"] == 0.0


def test_responses_are_averaged_over_z():
    """With weights of 1/2, nodes and weights by moments of Beta(10, 10): 1/2 -+ its standard deviation."""
    config = SMALL | {"arousal": {"level": 0.8}}
    one, two = FullMeanFieldStager(config), FullMeanFieldStager(config, n_z=2)
    deviation = np.sqrt(10 * 10 / (20**2 * 21))
    effect = one.circuit.arousal_rate * one.circuit.neurons.tau_membrane
    per_hz = effect * (one.circuit.external_in_degree * one.circuit.external_weight).sum(axis=0)
    mu, mu_one = two.field.coefficients.external.mu, one.field.coefficients.external.mu
    np.testing.assert_allclose(mu - mu_one, np.outer([-deviation, deviation], per_hz), rtol=1e-9)
    assert two.run(2)["metadata"]["n_z"] == 2
    assert BifurcationStager(config, n_z=2)._at("arousal.level", 0.3).coefficients.z_weights.tolist() == [0.5, 0.5]


def test_same_seed_same_bytes_and_more_runs_change_none():
    first, again, more = (FullMeanFieldStager(SMALL, random_seed=3).run(n) for n in (4, 4, 9))
    for name in ("nu_init", "fixed_point", "converged", "stability", "reached"):
        assert first[name].tobytes() == again[name].tobytes()
    assert np.array_equal(more["nu_init"][:4], first["nu_init"])
    assert np.array_equal(more["fixed_point"][:4], first["fixed_point"])
    other = FullMeanFieldStager(SMALL, random_seed=4)
    assert other.random_seed == other.experiment.settings.random_seed == 4
    assert not np.array_equal(other.run(4)["nu_init"], first["nu_init"])


@every_stager
def test_every_stager_gives_the_same_twice(kind, tmp_path):
    for name in ("a", "b"):
        kind(TWO_CLUSTERS, 5, overrides=UNDRAWN).execute(out=tmp_path / name, **STAGERS[kind])
    for file in FILES[kind]:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_starts_can_be_given():
    starts = np.array([[60.0, 0, 0, 0, 0, 0], [0, 60, 0, 0, 0, 0]])
    outputs = FullMeanFieldStager(TWO_CLUSTERS).run(nu_init=starts)
    assert np.array_equal(outputs["nu_init"], starts)
    assert np.argmax(outputs["fixed_point"], axis=1).tolist() == [0, 1]
    none = FullMeanFieldStager(TWO_CLUSTERS).run(n_runs=0)
    assert none["fixed_point"].shape == (0, 6) and none["stability"].shape == (0,) and len(none["distinct"]) == 2
    assert FullMeanFieldStager(TWO_CLUSTERS).run(3, highest_start=2.0)["nu_init"][:2].max() < 2
    assert FullMeanFieldStager(TWO_CLUSTERS).run(nu_init=np.full((1, 6), 1e9))["nu_init"].max() == 1e9


def test_sources_of_a_configuration():
    stager = FullMeanFieldStager.from_dict(SMALL, random_seed=3)
    text = stager.experiment.to_yaml()
    for source in (text, text.encode(), stager.experiment):
        assert np.array_equal(flat(FullMeanFieldStager(source).field), flat(stager.field))
    assert FullMeanFieldStager(SMALL, overrides=["arousal.level=0.7"]).experiment.arousal.level == 0.7


def test_ambient_populations_are_in_equilibrium(landscape):
    stager, outputs = landscape
    rates = outputs["rates"].reshape(-1, 6)
    value = stager.field.equations(rates)
    assert np.abs(value[:, 2:]).max() < 1e-7
    np.testing.assert_allclose(value[:, :2], outputs["force_field"].reshape(2, -1).T, atol=1e-9)


def test_states_and_barriers_of_the_reduced_network(landscape):
    """States from model.md; the wells are images of each other, and so are the ways up to the saddle."""
    _, outputs = landscape
    expected = [SELECTIVE[1::-1], SADDLE[:2], SELECTIVE[:2]]
    np.testing.assert_allclose([state.nu for state in outputs["states"]], expected, atol=1e-6)
    assert [state.n_unstable for state in outputs["states"]] == [0, 1, 0]
    heights = {barrier.well: barrier.height for barrier in outputs["barriers"]}
    assert set(heights) == {0, 2} and heights[0] == pytest.approx(heights[2], rel=1e-4) and heights[0] > 0
    # The path leads from well to well over the saddle, the highest point.
    path, potential = outputs["path"], outputs["potential"]
    np.testing.assert_allclose(path[[0, -1]], [expected[0], expected[2]], atol=1e-6)
    top = int(potential.argmax())
    assert np.linalg.norm(path[top] - expected[1]) < 0.1
    assert potential[top] - potential[0] == pytest.approx(heights[0], rel=1e-3)
    assert outputs["displacement"][0] == 0 and (np.diff(outputs["displacement"]) > 0).all()
    assert "trapezoidal" in outputs["metadata"]["quadrature"] and outputs["metadata"]["path"] == outputs["path_kind"]


def test_curl_is_that_of_the_force(landscape):
    """Against Richardson-extrapolated central differences of the response."""
    stager, outputs = landscape
    i, k = 5, 9
    at = outputs["mesh"][:, i, k]

    def derivative(of, by):
        steps = np.zeros((4, 2))
        steps[:, by] = [-0.02, -0.01, 0.01, 0.02]
        response = stager.field.effective_response_function([0, 1], at + steps)[:, of]
        return (response[0] - 8 * response[1] + 8 * response[2] - response[3]) / 0.12

    assert outputs["curl"][0, i, k] == pytest.approx(derivative(1, 0) - derivative(0, 1), abs=1e-6)


def test_potential_along_a_given_path(landscape):
    """Against Gauss-Legendre quadrature of the response along its two pieces; back, it is minus that."""
    stager, _ = landscape
    corners = np.array([[5.0, 50.0], [20.0, 30.0], [50.0, 10.0]])
    nodes, weights = np.polynomial.legendre.leggauss(40)
    work = 0.0
    for a, b in itertools.pairwise(corners):
        points = (a + b) / 2 + np.outer(nodes, (b - a) / 2)
        force = stager.field.effective_response_function(["E0", "E1"], points) - points
        work += weights @ force @ (b - a) / 2
    for sign, path in ((1, corners), (-1, corners[::-1].tolist())):
        outputs = ReducedMeanFieldStager(TWO_CLUSTERS).run(grid_density=30.0, path=path)
        assert outputs["path_kind"] == "given path"
        assert outputs["potential"][-1] == pytest.approx(-sign * work, rel=1e-4)
        length = np.linalg.norm(np.diff(corners, axis=0), axis=1).sum()
        assert outputs["displacement"][-1] == pytest.approx(length, rel=1e-12)


def test_one_focus_population_has_a_true_potential():
    """One force is always a gradient: the potential is minus its integral, here of a fitted polynomial."""
    outputs = ReducedMeanFieldStager(SMALL).run(["E0"], 2.0, (0.0, 20.0), path=[[0.0], [20.0]])
    assert outputs["mesh"].shape == outputs["force_field"].shape == (1, 11)
    assert outputs["curl"].shape == (0, 11) and outputs["metadata"]["largest_curl"] == 0
    fitted = polynomial.polyint(polynomial.polyfit(outputs["mesh"][0], outputs["force_field"][0], 10))
    expected = -polynomial.polyval(outputs["path"][:, 0], fitted)
    np.testing.assert_allclose(outputs["potential"], expected, atol=1e-3 * np.abs(expected).max())
    assert len(outputs["states"]) == 1


def test_three_focus_populations_agree_with_two(tmp_path):
    """Where the third fires at its ambient rate, the other two see the same force."""
    focus, rates = ["E0", "E1", "E_background"], np.array([[52.0, 5.0], [10.0, 40.0]])
    given = ReducedMeanFieldStager(TWO_CLUSTERS)
    outputs = given.execute(focus_pops=focus, grid_density=15.0, out=tmp_path)
    assert outputs["mesh"].shape == outputs["curl"].shape == (3, 5, 5, 5) and outputs["rates"].shape == (5, 5, 5, 6)
    assert {"plots/sections.png", "plots/potential.png"} <= files_in(tmp_path)
    assert outputs["metadata"]["focus_pops"] == focus
    np.testing.assert_allclose(outputs["states"][-1].nu, SELECTIVE[:3], atol=1e-6)
    two = given.field.effective_response_function([0, 1], rates)
    background = [given.field.solve_rates().x[2]] * 2
    three = given.field.effective_response_function(focus, np.column_stack([rates, background]))
    assert np.abs(three[:, :2] - two).max() > 1e-6  # another background rate
    ambient = _ambient_background(given.field, rates)
    three = given.field.effective_response_function(focus, np.column_stack([rates, ambient]))
    np.testing.assert_allclose(three, np.column_stack([two, ambient]), rtol=1e-7)


def _ambient_background(field, rates):
    """By iterating the response of the one E background, with I in equilibrium."""
    ambient = np.full(len(rates), 2.0)
    for _ in range(200):
        ambient = field.effective_response_function([0, 1, 2], np.column_stack([rates, ambient]))[:, 2]
    return ambient


def test_focus_populations_by_name_and_order():
    by_name = ReducedMeanFieldStager(TWO_CLUSTERS).run(["I_background", "E0"], 15.0)
    by_index = ReducedMeanFieldStager(TWO_CLUSTERS).run([5, 0], 15.0)
    swapped = ReducedMeanFieldStager(TWO_CLUSTERS).run(np.array([0, 5]), 15.0)
    assert by_name["metadata"]["focus_pops"] == ["I_background", "E0"]
    assert np.array_equal(by_name["force_field"], by_index["force_field"])
    np.testing.assert_allclose(by_name["force_field"], swapped["force_field"][::-1].transpose(0, 2, 1), atol=1e-8)


def test_progress_goes_to_stderr_only_where_asked(capsys):
    ReducedMeanFieldStager(SMALL).run(grid_density=30.0)
    assert capsys.readouterr() == ("", "")


def test_bifurcation_outputs():
    """The reduced network has a selective state at j_potentiated 20 and none at 17 (model.md: at 20)."""
    stager = BifurcationStager(TWO_CLUSTERS)
    outputs = stager.run("architecture.clusters.j_potentiated[0]", (17.0, 21.0), n_values=3)
    assert set(outputs) == {"diagram", "parameter", "label", "configured", "fold_sensitivities", "metadata"}
    assert outputs["configured"] == 20.0
    uniform, selective = outputs["diagram"].branches
    assert (uniform.n_active, selective.n_active, selective.multiplicity) == (0, 1, 2)
    at = np.abs(selective.parameter - 20.0).argmin()
    here = FullMeanFieldStager(
        TWO_CLUSTERS, overrides=[f"architecture.clusters.j_potentiated[0]={selective.parameter[at]}"]
    )
    assert np.abs(here.field.equations(selective.rates[at])).max() < 1e-7
    assert not (selective.parameter < 17.5).any()
    kinds = {point.kind for point in outputs["diagram"].critical_points}
    assert "symmetry breaking" in kinds
    fields = (
        stager._at("arousal.level", 0.3),
        FullMeanFieldStager(TWO_CLUSTERS, overrides=["arousal.level=0.3"]).field,
    )
    assert np.array_equal(*map(flat, fields))


def test_a_coefficient_of_a_perturbation_as_parameter():
    """At the configured value the branch passes through the steady state."""
    config = perturbed("rate", 2.0)
    outputs = BifurcationStager(config).run("perturbation.rate.params[0]", (1.0, 3.0), n_values=2)
    assert outputs["configured"] == 2.0
    (branch,) = outputs["diagram"].branches
    order = np.argsort(branch.parameter)
    found = [np.interp(2.0, branch.parameter[order], column[order]) for column in branch.rates.T]
    np.testing.assert_allclose(found, FullMeanFieldStager(config).field.solve_rates().x, rtol=1e-3)


def test_only_some_numbers_of_active_clusters():
    limits = (19.0, 20.0)
    all_of_them = BifurcationStager(TWO_CLUSTERS).run(limits=limits, n_values=2)["metadata"]["branches"]
    some = BifurcationStager(TWO_CLUSTERS).run(limits=limits, n_values=2, n_active=[1])["metadata"]["branches"]
    assert [branch["n_active"] for branch in all_of_them] == [[0], [1]] and [all_of_them[1]] == some
    assert BifurcationStager(TWO_CLUSTERS).run(limits=limits, n_values=2, n_active=())["diagram"].branches == ()


@every_stager
@pytest.mark.parametrize(
    ("config", "n_populations", "plot"),
    [
        (sized(0, n_background=[40, 20]), 2, "true"),
        (sized(1, n_background=[10, 5]), 4, "false"),
        pytest.param(sized(2, n_background=[20, 20]), 6, "false", marks=pytest.mark.slow),  # no I clusters
        (sized(2, n_background=[0, 0]), 6, "false"),  # no backgrounds
    ],
)
def test_few_clusters_and_empty_populations(kind, config, n_populations, plot, tmp_path):
    options = STAGERS[kind] | ({"limits": (1.0, 2.0)} if kind is BifurcationStager else {})
    outputs = kind(config, overrides=[f"settings.plot={plot}"]).execute(out=tmp_path, **options)
    assert FILES[kind] | METADATA <= files_in(tmp_path)
    json.dumps(outputs["metadata"], allow_nan=False)
    if kind is FullMeanFieldStager:
        assert outputs["fixed_point"].shape == (5, n_populations) and len(outputs["distinct"]) >= 1
        saved = arrays_in(tmp_path / "data/fixed_points.npz")
        assert saved["active"].shape == (len(outputs["distinct"]), (n_populations - 2) // 2)


def test_populations_without_neurons_change_nothing():
    """The reduced network has no I clusters: whatever their rates, nobody hears them."""
    field = FullMeanFieldStager(TWO_CLUSTERS).field
    low, high = np.full(6, 10.0), np.full(6, 10.0)
    high[3:5] = 80.0
    assert np.array_equal(*(field.equations(rates)[FILLED] for rates in (low, high)))


def test_no_state_at_all(tmp_path):
    """A run that finds nothing says so, in every form."""
    unbounded = ["external_currents.j_ext=1e11", "init_params.tau_refractory=0"]
    outputs = FullMeanFieldStager(SMALL, overrides=unbounded).execute(n_runs=3, out=tmp_path)
    assert np.isnan(outputs["fixed_point"]).all() and not outputs["converged"].any()
    assert outputs["stability"].tolist() == [""] * 3 and outputs["reached"].tolist() == [-1] * 3
    assert len(outputs["distinct"]) == 0 and outputs["metadata"]["states"] == []
    saved = arrays_in(tmp_path / "data/fixed_points.npz")
    assert saved["rates"].shape == (0, 8) and saved["active"].shape == (0, 3)
    assert not any((tmp_path / "plots").iterdir())


@pytest.mark.parametrize(
    ("kind", "save", "plot"),
    [
        *((kind, True, False) for kind in STAGERS),
        (ReducedMeanFieldStager, False, True),
        (BifurcationStager, False, False),
        *(pytest.param(k, False, True, marks=pytest.mark.slow) for k in STAGERS if k is not ReducedMeanFieldStager),
        *(pytest.param(k, False, False, marks=pytest.mark.slow) for k in STAGERS if k is not BifurcationStager),
    ],
)
def test_execute_saves_and_draws_as_the_settings_say(kind, save, plot, tmp_path):
    settings = {"save": save, "plot": plot, "save_dir": str(tmp_path), "sim_name": "run"}
    overrides = [f"settings.{key}={json.dumps(value)}" for key, value in settings.items()]
    outputs = kind(TWO_CLUSTERS, overrides=overrides).execute(**STAGERS[kind])
    folder = tmp_path / FOLDERS[kind]
    expected = (FILES[kind] | METADATA if save else set()) | (PICTURES[kind] if plot else set())
    if not expected:
        assert not folder.exists() and "files" not in outputs["metadata"]
        return
    assert files_in(folder) == expected | {"metadata/manifest.json", "metadata/plan.json"}
    listed = {name.removeprefix(f"{folder}/") for name in outputs["metadata"]["files"]}
    assert listed == files_in(folder)
    manifest = json.loads((folder / "metadata/manifest.json").read_text())["files"]
    assert set(manifest) == listed - {"metadata/manifest.json"}
    for name in PICTURES[kind] if plot else ():
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    if save:
        about = run_json(folder)
        assert about["random_seed"] == 256 and about["n_z"] == 1 and about["perturbation_time_sec"] is None
        assert load_experiment(folder / "metadata/config.yaml") == load_experiment(TWO_CLUSTERS, overrides)


@every_stager
def test_out_saves_whatever_the_settings_say(kind, tmp_path):
    overrides = ["settings.save=false", "settings.plot=false"]
    kind(TWO_CLUSTERS, overrides=overrides).execute(out=tmp_path / "here", **STAGERS[kind])
    assert files_in(tmp_path) == {f"here/{name}" for name in FILES[kind] | METADATA}


def test_saved_fixed_points(tmp_path, states):
    outputs = FullMeanFieldStager(TWO_CLUSTERS, random_seed=7, overrides=UNDRAWN).execute(n_runs=50, out=tmp_path)
    saved = arrays_in(tmp_path / "data/fixed_points.npz")
    for name in ("nu_init", "fixed_point", "converged", "stability", "reached"):
        assert np.array_equal(saved[name], outputs[name]) and np.array_equal(saved[name], states[name])
    distinct = outputs["distinct"]
    assert np.array_equal(saved["rates"], [state.rates for state in distinct])
    assert np.array_equal(saved["eigenvalues"], [state.eigenvalues for state in distinct])
    assert saved["kind"].tolist() == ["stable focus", "saddle"] and saved["active"].tolist() == [
        [True, False],
        [False] * 2,
    ]
    rows = read_table(tmp_path / "data/fixed_points.csv")
    assert [row["kind"] for row in rows] == ["stable focus", "saddle"]
    names = ("E0", "E1", "E_background", "I_background")
    assert [float(rows[0][f"{name}_hz"]) for name in names] == pytest.approx(SELECTIVE, abs=1e-6)
    assert [int(row["reached"]) for row in rows] == np.bincount(outputs["reached"], minlength=2).tolist()
    group = [float(rows[0][f"{name}_hz"]) for name in ("E active", "E inactive", "E background", "I background")]
    assert group == pytest.approx(SELECTIVE, abs=1e-6) and rows[0]["I active_hz"] == ""


def test_saved_landscape(tmp_path):
    outputs = ReducedMeanFieldStager(TWO_CLUSTERS, overrides=UNDRAWN).execute(grid_density=12.0, out=tmp_path)
    saved = arrays_in(tmp_path / "data/landscape.npz")
    for name in ("mesh", "nu_outs", "force_field", "curl", "rates", "path", "displacement", "potential", "path_rates"):
        assert np.array_equal(saved[name], outputs[name])
    assert saved["focus_pops"].tolist() == ["E0", "E1"]
    rows = read_table(tmp_path / "data/potential.csv")
    columns = np.array([list(map(float, row.values())) for row in rows])
    assert list(rows[0]) == ["displacement_hz", "potential_hz2", "E0_hz", "E1_hz"]
    assert np.array_equal(columns, np.column_stack([outputs["displacement"], outputs["potential"], outputs["path"]]))
    states = read_table(tmp_path / "data/states.csv")
    assert [float(row["E0_hz"]) for row in states] == [state.nu[0] for state in outputs["states"]]
    barriers = read_table(tmp_path / "data/barriers.csv")
    assert list(barriers[0]) == ["well", "saddle", "height_hz2"]
    assert sorted((row["well"], row["saddle"]) for row in barriers) == [("0", "1"), ("2", "1")]
    # tests/core/mean_field/test_landscape.py: between 25.5 and 26.5 Hz^2
    assert all(25.5 < float(row["height_hz2"]) < 26.5 for row in barriers)
    assert str(tmp_path / "data/barriers.csv") in outputs["metadata"]["files"]


def test_saved_bifurcation(tmp_path):
    outputs = BifurcationStager(TWO_CLUSTERS, overrides=UNDRAWN).execute(limits=(17.5, 20.0), n_values=2, out=tmp_path)
    saved, branches = arrays_in(tmp_path / "data/bifurcation.npz"), outputs["diagram"].branches
    for number, branch in enumerate(branches):
        mine = saved["branch"] == number
        for name in ("parameter", "rates", "stable", "leading", "n_unstable"):
            assert np.array_equal(saved[name][mine], getattr(branch, name))
    rows = read_table(tmp_path / "data/bifurcation.csv")
    assert len(rows) == len(saved["branch"])
    last = rows[-1]
    assert float(last["parameter"]) == saved["parameter"][-1] and last["stable"] == str(bool(saved["stable"][-1]))
    active = np.mean(saved["rates"][-1][list(branches[-1].active)])
    assert float(last["E active_hz"]) == pytest.approx(active, rel=1e-12)
    critical = read_table(tmp_path / "data/critical_points.csv")
    assert [float(row["parameter"]) for row in critical] == [
        point.parameter for point in outputs["diagram"].critical_points
    ]


def test_the_latest_outputs_are_kept():
    stager = FullMeanFieldStager(SMALL)
    assert stager.outputs is None
    assert stager.run(1) is stager.outputs


@every_stager
def test_a_folder_that_cannot_be_written_is_told_before_the_work(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(kind, "run", lambda *_, **__: pytest.fail("it computed"))
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write to the folder"):
        kind(SMALL).execute(out=tmp_path / "file" / "out")
