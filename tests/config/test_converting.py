"""Configurations of the older layout: three kinds of files, what moves, what has no place, and comments."""

import re
from pathlib import Path

import pytest

from neuro_mod.config import load_experiment
from neuro_mod.config.commented import read_commented, walk, write_commented
from neuro_mod.config.converting import convert
from neuro_mod.config.document import read_document
from neuro_mod.errors import ConfigError
from tests.helpers.shared import EXPERIMENTS

SPIKING = """\
# Network of the pilot study
# (do not change the seed)

init_params:
        delta_t: .0005      # s
        duration_sec: 0.2
        mechanism: analytic
        # sizes
        n_neurons: 60   # all
        n_excitatory: 40
        n_inhibitory: 20

architecture:
  # cells
  network:
    tau_membrane: 0.02   # 20 ms
    tau_synaptic: 0.005
    tau_refractory: 0.004
    threshold:
      - 1.4   # E
      - 0.75
    reset_voltage: 0.1
    j_ext:
      - 0.18  # from excitatory
      - 0.1
      - 0.
      - 0.

  clusters:
    n_excitatory_background: 10  # E background
    n_inhibitory_background: 5
    n_clusters: 3
    total_pops: 8
    connectivity_fraction_probs:
      - 0.2
      - 0.5
      - 0.5
      - 0.4

    # before sqrt(N)
    j_baseline:
      - 0.6
      - 0.63
      - -1.9
      - -3.8

    j_potentiated: [2, 1.5, 1.5, 1.2]

external_currents:
  c_ext:
    - 320  # to excitatory
    - 300  # to inhibitory
    - 0
    - 0   # none
  nu_ext_baseline: [9., 8., 0., 0.]

stimulus:
  stimulus_shape: diff2exp  # or linear or box
  onsets:
  amplitude: 0.
  tau_rise: 0.075
  tau_decay: 0.1

settings:
  save: False
  plot: False
  save_dir:
  sim_name:
  random_seed:   # any

arousal:
  level: 0.20
  L: .75
  x_0: .2
  k: 1.25
  M: 13.125

perturbation:
  rate:
    vectors:
      - [ 1, 1, -1 ]   # first
      - [-1, 1, 1]
    involved_clusters:
      - [0, 1, 2]
      - [1, 2, 3]
    params: [0.3, 0.02]
    time_dependence:
      shape: hat
      onset_time: 0
      offset_time:
# the end
"""

#: All I neurons are background, and nothing is depressed.
MEAN_FIELD = """\
init_params: {n_neurons: 80, n_excitatory: 64, n_inhibitory: 16}
architecture:
  network: {tau_membrane: 0.02, tau_synaptic: 0.005, tau_refractory: 0.005, threshold: [4.86, 5.98], reset_voltage: 0.,
            j_ext: [1.45, 1.29, 0, 0]}
  clusters:
    n_excitatory_background: 48
    n_inhibitory_background: 16
    n_clusters: 2
    total_pops: 4
    connectivity_fraction_probs: [0.2, 0.5, 0.5, 0.5]
    j_baseline: [0.8, 2.5, -10.6, -9.7]
    j_potentiated: [20., 1., 1., 1.]
    potentiate: False   # no depression
external_currents: {c_ext: [128, 128, 0, 0], nu_ext_baseline: [7., 7., 0., 0.]}
arousal: {level: 0.}
settings: {sim_name: mf, random_seed: 7}
"""

#: An external inhibitory source, empty values throughout, and anchors.
SOURCES = """\
init_params:
  delta_t:
  duration_sec: 0.2
  mechanism:
  n_neurons: 60
  n_excitatory: 40
  n_inhibitory:
architecture:
  network:
    tau_membrane: &tau 0.02
    tau_synaptic:
    tau_refractory:
    threshold: []
    reset_voltage:
    j_ext: [0.2, 0.1, -0.1, -0.05]
  clusters:
    n_excitatory_background: 10
    n_inhibitory_background: 5
    n_clusters: 3
    total_pops:
    connectivity_fraction_probs: []
    j_baseline: []
    j_potentiated: [2, 1.5, 1.5, 1.2]
    potentiate:
external_currents:
  c_ext: [320, 320, 80, 80]
  nu_ext_baseline: [9., 9., 5., 5.]
stimulus:
settings:
  save_dir: "my results # 1"
  sim_name:
  random_seed:
arousal:
  level: *tau
"""
OLDER = {"spiking": SPIKING, "mean field": MEAN_FIELD, "sources": SOURCES}


@pytest.fixture
def old(tmp_path):
    """Writes a file."""

    def write(text: str) -> Path:
        (file := tmp_path / "old.yaml").write_text(text)
        return file

    return write


def test_values_of_a_spiking_network(old) -> None:
    experiment = load_experiment(convert(old(SPIKING)).text)
    neurons, network, clusters = (
        experiment.init_params,
        experiment.architecture.network,
        experiment.architecture.clusters,
    )
    assert (neurons.tau_membrane, neurons.tau_synaptic, neurons.tau_refractory) == (0.02, 0.005, 0.004)
    assert (neurons.threshold, neurons.reset_voltage, neurons.delta_t) == ((1.4, 0.75), 0.1, 0.0005)
    assert (network.n_neurons, network.n_excitatory, network.n_inhibitory) == (60, 40, 20)
    assert network.connectivity_fraction_probs == (0.2, 0.5, 0.5, 0.4)
    assert network.j_baseline == (0.6, 0.63, -1.9, -3.8)
    assert (clusters.n_clusters, clusters.n_background, clusters.total_pops) == (3, (10, 5), 8)
    external = experiment.external_currents
    assert (external.c_ext, external.nu_ext_baseline, external.j_ext) == ((320, 300), (9, 8), (0.18, 0.1))
    assert (experiment.arousal.level, experiment.stimulus.onsets) == (0.2, ())
    settings = experiment.settings
    assert (settings.save, settings.random_seed) == (False, 256)
    assert (settings.save_dir, settings.sim_name) == ("simulations", "default")
    block = experiment.perturbation.blocks["rate"]
    assert (block.vectors, block.involved_clusters) == (((1, 1, -1), (-1, 1, 1)), ((0, 1, 2), (1, 2, 3)))


def test_values_of_a_network_without_inhibitory_clusters(old) -> None:
    conversion = convert(old(MEAN_FIELD))
    experiment = load_experiment(conversion.text)
    assert experiment.populations.sizes.tolist() == [8, 8, 48, 0, 0, 16]
    assert experiment.architecture.clusters.depress is False
    assert experiment.init_params.threshold == (4.86, 5.98)
    assert any("total_pops: 4; left out" in change for change in conversion.changes)
    assert "depress: False  # no depression" in conversion.text


def test_values_of_an_inhibitory_source_and_of_empty_keys(old) -> None:
    experiment = load_experiment(convert(old(SOURCES)).text)
    external = experiment.external_currents
    assert external.c_ext == (320, 320, 80, 80)
    assert external.nu_ext_baseline == (9, 9, 5, 5)
    assert external.j_ext == (0.2, 0.1, -0.1, -0.05)
    defaults = load_experiment({})
    assert experiment.init_params == defaults.init_params.model_copy(update={"duration_sec": 0.2})
    assert experiment.stimulus == defaults.stimulus
    assert experiment.architecture.network.j_baseline == defaults.architecture.network.j_baseline
    assert experiment.architecture.clusters.depress is True
    assert experiment.arousal.level == 0.02
    assert experiment.settings.save_dir == "my results # 1"


@pytest.mark.parametrize("text", OLDER.values(), ids=OLDER)
def test_every_comment_and_every_number_stays(old, text: str) -> None:
    new = convert(old(text)).text
    for comment in (line[line.index("# ") :].strip() for line in text.splitlines() if "# " in line and '"' not in line):
        assert comment in new
    again = convert(old(new))
    assert (again.text, again.changes) == (new, [])


def test_comments_stay_beside_their_keys(old) -> None:
    lines = convert(old(SPIKING)).text.splitlines()
    assert lines[:3] == ["# Network of the pilot study", "# (do not change the seed)", ""]
    assert "  delta_t: .0005  # s" in lines
    assert "  tau_membrane: 0.02  # 20 ms" in lines
    assert "  j_ext: [0.18, 0.1]  # from excitatory" in lines
    assert "  c_ext: [320, 300]  # to excitatory  # to inhibitory" in lines
    assert "    n_background: [10, 5]  # E background" in lines
    assert lines[lines.index("    # sizes") + 1] == "    n_neurons: 60  # all"
    assert lines[lines.index("    # before sqrt(N)") + 1] == "    j_baseline: [0.6, 0.63, -1.9, -3.8]"
    assert "  # random_seed: # any" in lines
    assert "      - [1, 1, -1]  # first" in lines
    assert lines[-1] == "# the end"


def test_changes_have_the_line_of_the_old_file(old) -> None:
    file = old(SPIKING)
    changes = convert(file).changes
    assert changes[0] == f"{file}:9: init_params.n_neurons -> architecture.network.n_neurons"
    assert (
        f"{file}:30: architecture.clusters.n_excitatory_background -> architecture.clusters.n_background[0]" in changes
    )
    assert f"{file}:69: settings.random_seed: empty; left out, which means 256" in changes
    assert any(
        change.endswith("c_ext: [320, 300, 0, 0] -> [320, 300], without an inhibitory source") for change in changes
    )
    lines = SPIKING.splitlines()
    for change in changes:
        number, key = change.removeprefix(f"{file}:").split(": ")[:2]
        name = key.split(" ")[0].split(".")[-1]
        assert lines[int(number) - 1].strip().startswith(f"{name}:")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("    n_clusters: 3", "    n_groups: 3", "32: architecture.clusters.n_groups: unknown key"),
        ("    n_clusters: 3", "    n_clusters: 3\n    foo:", "33: architecture.clusters.foo: unknown key"),
        ("    total_pops: 8", "    total_pops: 5", "33: architecture.clusters.total_pops: 5 found"),
        ("    reset_voltage: 0.1", "    reset_voltage: low", '22: init_params.reset_voltage: "low" found'),
        (
            "    n_inhibitory_background: 5\n",
            "",
            "30: architecture.clusters.n_excitatory_background: a key of the older layout; expected both",
        ),
        (
            "external_currents:\n",
            "external_currents:\n  j_ext: [2.3, 2.3]\n",
            "23: architecture.network.j_ext: a key of the older layout; expected one of the two; "
            "external_currents.j_ext on line 50 is there too",
        ),
        ("arousal:\n", "general: {threads: 3}\narousal:\n", "71: general: unknown key"),
    ],
)
def test_what_has_no_place_is_an_error_with_its_line(old, before: str, after: str, message: str) -> None:
    assert before in SPIKING
    file = old(SPIKING.replace(before, after))
    with pytest.raises(ConfigError) as error:
        convert(file)
    assert any(str(problem).startswith(f"{file}:{message}") for problem in error.value.problems), str(error.value)


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_the_present_layout_stays_as_it_is(path: Path) -> None:
    conversion = convert(path)
    assert (conversion.text, conversion.changes) == (path.read_text(encoding="utf-8"), [])


@pytest.mark.parametrize(
    "text", ["a: [ # 1\n  1, # 2\n  2 ] # 3\n# 4\n", "%YAML 1.2\n--- # 1\na: # 2\n- {b: 1} # 3\n# 4\n"]
)
def test_comments_in_unusual_places(text: str) -> None:
    found = re.findall(r"# \d", write_commented(read_commented(text)))
    assert sorted(found) == ["# 1", "# 2", "# 3", "# 4"]
    assert found[-1] == "# 4"


def test_text_with_hashes_is_no_comment() -> None:
    text = "a: \"x # y\"  # z\nb: u#v\nc: |\n  # one\n  two\nd: 'it''s'\n"
    tree = read_commented(text)
    assert [entry.beside for _, entry in walk(tree)] == ["# z", "", "", ""]
    again = read_document(write_commented(tree)).data
    assert again == {"a": "x # y", "b": "u#v", "c": "# one\ntwo\n", "d": "it's"} == read_document(text).data


def test_other_files_point_to_the_command(old) -> None:
    file = old(SPIKING)
    with pytest.raises(ConfigError) as error:
        load_experiment(file)
    first = str(error.value).splitlines()[0]
    assert first == f"{file}: older layout; neuro-mod convert {file} --out NEW.yaml writes the present one"
    with pytest.raises(ConfigError, match=r"^[^\n]*did you mean external_currents\.j_ext"):
        load_experiment(old("architecture: {network: {j_ext: [2, 2]}}"))  # one slip is not the older layout
