from __future__ import annotations

import csv
import inspect
import json
from functools import partial

import numpy as np
import pytest

from neuro_mod.cli.mean_field import app as commands
from neuro_mod.config import load_experiment
from neuro_mod.core.mean_field.analysis.bifurcation import N_VALUES
from neuro_mod.core.mean_field.analysis.landscape import MINIMUM_FORCE
from neuro_mod.core.mean_field.core import linearized
from neuro_mod.core.mean_field.core.fixed_points import N_STARTS
from neuro_mod.execution.stagers import FullMeanFieldStager
from neuro_mod.execution.stagers.mean_field import spectrum
from neuro_mod.execution.stagers.mean_field.bifurcation import PARAMETER
from neuro_mod.execution.stagers.mean_field.reduced import GRID_DENSITY, GRID_LIMS
from tests.helpers.folders import arrays_in
from tests.helpers.shared import CONFIGS, SMALL, write_config

TWO_CLUSTERS = CONFIGS / "2_cluster_mf.yaml"
#: Neither files nor pictures.
NOTHING = ("--set", "settings.save=false", "--set", "settings.plot=false")
PERTURBATION = {
    "rate": {
        "vectors": [[1, -1]],
        "involved_clusters": [["E0", "E1"]],
        "params": [4.0],
        "time_dependence": {"onset_time": 0.05, "offset_time": 0.1},
    }
}


@pytest.fixture
def mean_field(neuro_mod):
    return partial(neuro_mod, "mean-field")


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return write_config(tmp_path_factory.mktemp("configs") / "perturbed.yaml", SMALL | {"perturbation": PERTURBATION})


def table(printed):
    """Cells of the first table that is printed, by columns that are separated by two spaces."""
    lines = [line for line in printed.splitlines() if not line.startswith("theory: ")]
    rows = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]
    return rows[0], rows[1:]


def test_fixed_points_of_the_reduced_network(mean_field, tmp_path, monkeypatch):
    """Rates from model.md, section 7 (two independent implementations)."""
    monkeypatch.chdir(tmp_path)
    code, out, err = mean_field("fixed-points", TWO_CLUSTERS, "--starts", 20)
    assert (code, err) == (0, "")
    header, rows = table(out)
    names = ["E active", "E inactive", "E background", "I active", "I inactive", "I background"]
    assert header == ["state", "active", "images", *names, "eigenvalue"]
    assert rows[0][:7] == ["stable focus", "1", "2", "52.319", "5.214", "2.259", "13.783"]
    assert rows[1][:6] == ["saddle", "0", "1", "29.215", "2.202", "13.840"]
    assert "steady states: 2 distinct, 1 stable. Searched: 20 of 20 starts converged" in out
    assert "there may be others" in out
    folder = tmp_path / "simulations/2_cluster_mf_fixed_points"
    listed = [line for line in out.splitlines() if line.startswith("simulations/")]
    assert {str(tmp_path / name) for name in listed} == {str(path) for path in folder.rglob("*") if path.is_file()}
    with (folder / "data/fixed_points.csv").open() as file:
        assert [row["kind"] for row in csv.DictReader(file)] == ["stable focus", "saddle"]
    assert (folder / "plots/fixed_points.png").read_bytes().startswith(b"\x89PNG")


def test_landscape_of_the_reduced_network(mean_field, tmp_path):
    done = mean_field("landscape", TWO_CLUSTERS, "--grid-density", 6, "--out", "here", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    header, rows = table(done.stdout)
    assert header == ["state", "kind", "all populations", "on the grid", "E0", "E1"]
    assert rows[0] == ["0", "stable node", "stable focus", "yes", "5.214", "52.319"]
    assert rows[1] == ["1", "saddle", "saddle", "yes", "29.215", "29.215"]
    for words in ("barrier, state 0 to saddle 1", "barrier, state 2 to saddle 1", "path of minimum force", "curl"):
        assert words in done.stdout
    for name in ("potential", "phase_plane"):
        assert (tmp_path / f"here/plots/{name}.png").read_bytes().startswith(b"\x89PNG")
        assert f"here/plots/{name}.png" in done.stdout


def test_bifurcation_of_the_reduced_network(mean_field, tmp_path):
    options = ("--from", 17.5, "--to", 21, "--values", 2, "--out", tmp_path / "here")
    code, out, err = mean_field("bifurcation", TWO_CLUSTERS, *options)
    assert (code, err) == (0, "")
    header, rows = table(out)
    assert header == ["branch", "active", "images", "from", "to", "stable", "ends"]
    assert rows[0][:5] == ["0", "0", "1", "17.5", "21"] and rows[0][-1] == "limit, limit"
    critical = arrays_in(tmp_path / "here/data/bifurcation.npz")
    assert set(critical["branch"]) == {0, 1}
    assert "symmetry breaking" in out and "there may be other branches" in out
    assert (tmp_path / "here/plots/bifurcation.png").read_bytes().startswith(b"\x89PNG")


def test_sensitivity_of_the_reduced_network(mean_field, tmp_path):
    options = ("--targets", "rate,tau_membrane", "--starts", 10, "--out", tmp_path / "here")
    code, out, err = mean_field("sensitivity", TWO_CLUSTERS, *options)
    assert (code, err) == (0, "")
    assert out.splitlines()[1].startswith("state 0: stable focus, 1 active, leading eigenvalue ")
    header, rows = table(out.split("\n", 2)[2])
    assert header[:4] == ["target", "unit", "perturbed", "itself"] and header[-1] == "eigenvalue"
    assert [row[:3] for row in rows[:2]] == [["rate", "Hz", "E0"], ["rate", "Hz", "E1"]]
    found = arrays_in(tmp_path / "here/data/sensitivities.npz")
    assert rows[0][3] == f"{found['rates'][0, 0, 0, 0]:.4g}"
    assert (tmp_path / "here/plots/sensitivities_0.png").read_bytes().startswith(b"\x89PNG")
    code, _, err = mean_field("sensitivity", TWO_CLUSTERS, "--targets", "rates", *NOTHING)
    assert code == 2 and "rates cannot be perturbed; expected one of rate" in err
    code, _, err = mean_field("sensitivity", TWO_CLUSTERS, "--active", "0", "--starts", 10, *NOTHING)
    assert code == 2 and "stable states were found with 1 active clusters" in err


def test_spectrum_of_the_reduced_network(mean_field, monkeypatch):
    for module in (linearized, spectrum):
        monkeypatch.setattr(module, "FREQUENCIES", np.concatenate([[0.0], np.geomspace(0.5, 1000, 40)]))
    code, out, err = mean_field("spectrum", TWO_CLUSTERS, "--response", "exact", "--starts", 5, *NOTHING)
    assert (code, err) == (0, "") and "note: " not in out
    assert out.splitlines()[:2] == ["theory: exact response, poisson input", "state: stable focus, 1 active"]
    header, rows = table(out.split("\n", 2)[2])
    assert header == ["population", "rate", "susceptibility", "in network", "deviation", "correlation"]
    assert [row[0] for row in rows[:4]] == ["E active", "E inactive", "E background", "I background"]
    assert "in windows of 0.05 s" in out and "caution: modulations of rates reach" in out
    code, _, err = mean_field("spectrum", TWO_CLUSTERS, *NOTHING)
    assert code == 2 and 'mean_field.response: "shifted" found; expected exact for the linear response' in err
    code, _, err = mean_field("spectrum", TWO_CLUSTERS, "--frequencies", "1;2", *NOTHING)
    assert code == 2 and "--frequencies" in err and "numbers in Hz like 1,10,100" in err


def test_derivatives_of_barriers_and_folds(mean_field):
    code, out, err = mean_field("landscape", TWO_CLUSTERS, "--grid-density", 10, "--targets", "rate", *NOTHING)
    assert code == 0
    header, rows = table(out.split("\n\n")[1])
    assert header == ["barrier", "target", "all populations", "largest of one", "which"]
    assert {row[-1] for row in rows[:2]} == {"E0", "E1"}
    limits = ("--from", 17.5, "--to", 18.5, "--values", 2)
    code, out, err = mean_field("bifurcation", TWO_CLUSTERS, *limits, "--targets", "rate", *NOTHING)
    assert (code, err) == (0, "") and "fold at" not in out  # this network has none


def test_a_landscape_without_stable_states_says_so(mean_field):
    code, out, err = mean_field("landscape", TWO_CLUSTERS, "--grid-density", 10, "--grid-lims", 0, 20, *NOTHING)
    assert (code, err) == (0, "")
    assert "no stable state lies within the limits of the grid, 0 to 20 Hz; widen them with grid_lims (--grid-" in out


def test_json(mean_field, tmp_path):
    code, out, err = mean_field("fixed-points", TWO_CLUSTERS, "--json", "--starts", 3, "--seed", 5, *NOTHING)
    printed = json.loads(out, parse_constant=pytest.fail)
    assert (code, err) == (0, "")
    assert printed["random_seed"] == 5 and printed["n_runs"] == 3 and printed["n_distinct"] == 2
    assert "files" not in printed and printed["states"][0]["E active_hz"] == pytest.approx(52.318916, abs=1e-6)
    code, out, err = mean_field("landscape", TWO_CLUSTERS, "--json", "--grid-density", 30, *NOTHING, "--out", tmp_path)
    printed = json.loads(out, parse_constant=pytest.fail)
    assert (code, err) == (0, "")
    assert printed["focus_pops"] == ["E0", "E1"] and printed["grid_points"] == 9 and len(printed["barriers"]) == 2
    assert str(tmp_path / "data/landscape.npz") in printed["files"]
    limits = ("--from", 19, "--to", 20, "--values", 2)
    code, out, err = mean_field("bifurcation", TWO_CLUSTERS, "--json", *limits, *NOTHING)
    printed = json.loads(out, parse_constant=pytest.fail)
    assert (code, err) == (0, "")
    assert printed["parameter"] == PARAMETER and printed["limits"] == [19, 20] and printed["configured"] == 20
    assert [branch["n_active"] for branch in printed["branches"]] == [[0], [1]]


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("fixed-points", ("--starts", 1)),
        ("landscape", ("--grid-density", 20)),
        ("bifurcation", ("--from", 19, "--to", 20, "--values", 2, "--active", 0)),
        ("sensitivity", ("--targets", "rate", "--starts", 1)),
    ],
)
def test_every_command_takes_and_names_a_theory(mean_field, command, options):
    options = (TWO_CLUSTERS, *options, *NOTHING)
    code, out, _ = mean_field(command, *options)
    assert code == 0 and out.startswith("theory: shifted response, poisson input\n")
    _, out, _ = mean_field(command, *options, "--response", "exact", "--closure", "renewal", "--json")
    said = json.loads(out)
    assert (said["response"], said["closure"]) == ("exact", "renewal")
    assert "response: exact" in said["config"] and "closure: renewal" in said["config"]
    code, _, err = mean_field(command, *options, "--closure", "regular")
    assert code == 2 and "regular" in err and "poisson" in err


def test_where_clusters_differ_they_are_named(mean_field):
    """A little more input to the second cluster: its states are no images of those of the first."""
    raised = "perturbation.rate={vectors: [[1]], involved_clusters: [[E1]], params: [0.01]}"
    code, out, err = mean_field("fixed-points", TWO_CLUSTERS, "--starts", 20, "--set", raised, *NOTHING)
    assert (code, err) == (0, "")
    assert sorted((row[0], row[1], row[2]) for row in table(out)[1][:3]) == [
        ("saddle", "none", "1"),
        ("stable focus", "0", "1"),
        ("stable focus", "1", "1"),
    ]


def test_many_states_are_cut_short(mean_field, tmp_path):
    """The published network has dozens of them, also at arousal 0.001."""
    code, out, _ = mean_field(
        "fixed-points", CONFIGS / "default_mf_params.yaml", "--starts", 0, *NOTHING[2:], "--out", tmp_path
    )
    with (tmp_path / "data/fixed_points.csv").open() as file:
        n = len(list(csv.DictReader(file)))
    assert code == 0 and n > 12 and f"; {n - 12} more states in fixed_points.csv" in out


def test_nothing_found_is_said(mean_field, config):
    nowhere = ("--set", "external_currents.j_ext=1e11", "--set", "init_params.tau_refractory=0", *NOTHING)
    code, out, err = mean_field("fixed-points", config, "--starts", 2, *nowhere)
    assert (code, err) == (0, "") and "steady states: 0 distinct, 0 stable. Searched: 0 of 2 starts converged" in out


def test_set_seed_time_and_n_z(mean_field, config):
    """Each changes what the stager changes."""
    options = ("fixed-points", config, "--starts", 2, "--json", *NOTHING)

    def rate(*more):
        code, out, err = mean_field(*options, *more)
        assert (code, err) == (0, "")
        state = json.loads(out)["states"][0]
        return state["E active_hz"] or state["E inactive_hz"]

    experiment = load_experiment(config)

    def expected(overrides=(), **stager_options):
        stager = FullMeanFieldStager(experiment, overrides=overrides, **stager_options)
        outputs = stager.run(2)
        state = outputs["metadata"]["states"][0]
        return state["E active_hz"] or state["E inactive_hz"]

    plain = rate()
    assert plain == expected()
    assert rate("--set", "arousal.level=0.9") == expected(["arousal.level=0.9"]) != plain
    assert rate("--time", 0.15) == expected(perturbation_time=0.15) != plain
    assert rate("--time", 0.07) == plain
    many = ("--n-z", 3, "--set", "arousal.level=0.9")
    assert rate(*many) == expected(["arousal.level=0.9"], n_z=3) != expected(["arousal.level=0.9"])


def test_the_seed_draws_the_starts(mean_field, tmp_path):
    for seed in (3, 4):
        mean_field("fixed-points", TWO_CLUSTERS, "--starts", 2, "--seed", seed, *NOTHING, "--out", tmp_path / str(seed))
    starts = [arrays_in(tmp_path / f"{seed}/data/fixed_points.npz")["nu_init"] for seed in (3, 4)]
    assert np.array_equal(starts[0], FullMeanFieldStager(TWO_CLUSTERS, 3).run(2)["nu_init"])
    assert not np.array_equal(*starts)


@pytest.mark.parametrize(
    ("focus", "names"),
    [
        ("0,1", ["E0", "E1"]),
        ("E1, I_background", ["E1", "I_background"]),
        ("1,E0", ["E1", "E0"]),
        ("2", ["E_background"]),
        ("E0,E1,5", ["E0", "E1", "I_background"]),
    ],
)
def test_focus(mean_field, focus, names):
    grid = ("--grid-density", 10, "--grid-lims", 0, 20)
    code, out, err = mean_field("landscape", TWO_CLUSTERS, "--focus", focus, *grid, "--json", *NOTHING)
    printed = json.loads(out)
    assert (code, err) == (0, "")
    assert printed["focus_pops"] == names and printed["grid_lims_hz"] == [0, 20]
    assert printed["grid_points"] == 3 ** len(names)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("minimum_force", "path of minimum force"),
        ("straight", "straight line between the wells"),
        ("5,52 : 30, 30:52,5", "given path"),
    ],
)
def test_path(mean_field, path, kind):
    code, out, err = mean_field("landscape", TWO_CLUSTERS, "--path", path, "--grid-density", 12, "--json", *NOTHING)
    assert (code, err) == (0, "") and json.loads(out)["path"] == kind


def test_active_and_parameter(mean_field):
    limits = ("--from", 19, "--to", 20, "--values", 2)
    _, out, _ = mean_field("bifurcation", TWO_CLUSTERS, *limits, "--active", "1", "--json", *NOTHING)
    assert [branch["n_active"] for branch in json.loads(out)["branches"]] == [[1]]
    _, out, _ = mean_field("bifurcation", TWO_CLUSTERS, *limits, "--active", "0:2", "--json", *NOTHING)
    assert [branch["n_active"] for branch in json.loads(out)["branches"]] == [[0], [1]]
    level = ("--parameter", "arousal.level", "--from", 0, "--to", 0.3, "--values", 2, "--active", "0")
    code, out, err = mean_field("bifurcation", TWO_CLUSTERS, *level, *NOTHING)
    assert (code, err) == (0, "") and "arousal.level" in out
    assert table(out)[1][0][:5] == ["0", "0", "1", "0", "0.3"]


def test_help_names_the_commands(mean_field):
    code, out, _ = mean_field("--help")
    assert code == 0 and all(name in out for name in ("fixed-points", "landscape", "bifurcation"))


def test_the_commands_have_the_defaults_of_the_functions():
    """Importing these with the commands would load numba for --help."""

    def defaults(command):
        return {name: option.default for name, option in inspect.signature(command).parameters.items()}

    landscape, bifurcation = defaults(commands.landscape), defaults(commands.bifurcation)
    assert (landscape["grid_density"], landscape["grid_lims"], landscape["path"]) == (
        GRID_DENSITY,
        GRID_LIMS,
        MINIMUM_FORCE,
    )
    assert (bifurcation["parameter"], bifurcation["values"]) == (PARAMETER, N_VALUES)
    assert defaults(commands.fixed_points)["starts"] == N_STARTS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fixed-points", "--starts", -1), "--starts"),
        (("fixed-points", "--starts", 10**12), "from 0 to 100000"),
        (("fixed-points", "--n-z", 0), "--n-z"),
        (("fixed-points", "--time", "nan"), "--time"),
        (("fixed-points", "--time", -1), "--time"),
        (("fixed-points", "--seed", -1), "settings.random_seed: -1 found"),
        (("fixed-points", "--set", "arousal.level=7"), "arousal.level: 7 found"),
        (("fixed-points", "--set", "external_currents.j_ext=1e200"), "expected a number below 1e+12"),
        (("fixed-points", "--out", "/dev/null/out"), "cannot write to the folder"),
        (("landscape", "--focus", ""), 'population: "" found'),
        (("landscape", "--focus", "0,0"), "each once"),
        (("landscape", "--focus", "-1"), 'population: "-1" found'),
        (("landscape", "--focus", "E7"), "expected 0 to 7, or E0 to E2"),
        (("landscape", "--grid-density", 0), "--grid-density: 0.0 found"),
        (("landscape", "--grid-density", 1e-4), "GB of memory"),
        (("landscape", "--grid-lims", 60, 0), "--grid-lims: [60.0, 0.0] found"),
        (("landscape", "--grid-lims", 0, "nan"), "--grid-lims: [0.0, nan] found"),
        (("landscape", "--path", "uphill"), 'path: "uphill" found; expected minimum_force, straight'),
        (("landscape", "--path", "1,a:2,3"), "expected rates like 5,52:30,30:52,5"),
        (("landscape", "--path", "1:2"), "path: shape (2, 1) found"),
        (("bifurcation", "--from", 1), "--to"),
        (("bifurcation", "--from", 2, "--to", 1), "--from, --to: [2.0, 1.0] found"),
        (("bifurcation", "--from", 1, "--to", "nan"), "--from, --to: [1.0, nan] found"),
        (("bifurcation", "--from", 0, "--to", 1, "--parameter", "arousal.levl"), "unknown key"),
        (("bifurcation", "--from", 0, "--to", 2, "--parameter", "arousal.level"), "expected a number >= 0 and <= 1"),
        (("bifurcation", "--from", 1, "--to", 2, "--active", "4"), "expected numbers from 0 to 2"),
        (("bifurcation", "--from", 1, "--to", 2, "--active", "x"), "expected numbers like 0,1,3 or 0:6"),
        (("bifurcation", "--from", 1, "--to", 2, "--values", 1), "--values"),
    ],
)
def test_bad_input(mean_field, config, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    command, *options = arguments
    code, out, err = mean_field(command, config, *options)
    assert code == 2 and out == "" and "Traceback" not in err
    assert message in " ".join(err.split())


def test_no_such_file(mean_field, tmp_path):
    code, out, err = mean_field("fixed-points", tmp_path / "nope.yaml")
    assert (code, out) == (2, "") and "nope.yaml: no such file" in err
