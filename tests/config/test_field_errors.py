"""Each line of an error names the file, line and key, the value found, and what is valid."""

from functools import partial

import pytest

from neuro_mod.config import load_experiment
from tests.helpers.problems import problems_of

messages = partial(problems_of, load_experiment)


def test_names_file_line_key_and_valid_values(tmp_path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text("architecture:\n  network:\n    n_neurons: abc\nexternal_currents:\n  nu_ext_baselin: 3\n")
    assert messages(path) == [
        f'{path}:3: architecture.network.n_neurons: "abc" found; expected a whole number >= 1 and <= 1000000000',
        f"{path}:5: external_currents.nu_ext_baselin: unknown key; did you mean nu_ext_baseline? "
        "(valid: c_ext, nu_ext_baseline, j_ext)",
    ]


@pytest.mark.parametrize(
    ("section", "key", "value", "expected"),
    [
        ("init_params", "duration_sec", "0", "0 found; expected a number > 0"),
        ("init_params", "duration_sec", "'2.5'", '"2.5" found; expected a number > 0'),
        ("init_params", "duration_sec", "true", "true found; expected a number > 0"),
        ("init_params", "duration_sec", ".nan", "nan found; expected a number > 0"),
        ("init_params", "duration_sec", ".inf", "inf found; expected a number > 0"),
        ("init_params", "duration_sec", "[1, 2]", "[1, 2] found; expected a number > 0"),
        ("init_params", "duration_sec", "{a: 1}", "a mapping found; expected a number > 0"),
        ("init_params", "mechanism", "exact", '"exact" found; expected one of analytic, euler'),
        ("init_params", "initial_voltage", "0", "0 found; expected one of zero, uniform"),
        ("init_params", "tau_refractory", "-1", "-1 found; expected a number >= 0, [E, I] or one entry per population"),
        ("init_params", "threshold", "[1.5]", "1 entry found; expected a number, [E, I] or one entry per population"),
        ("stimulus", "stimulus_shape", "ramp", '"ramp" found; expected one of box, linear, diff2exp'),
        ("stimulus", "onsets", "0.1", "0.1 found; expected a list of numbers >= 0"),
        ("arousal", "level", "1.5", "1.5 found; expected a number >= 0 and <= 1"),
        ("arousal", "x_0", "0", "0 found; expected a number > 0 and < 1"),
        ("arousal", "M", "-1", "-1 found; expected a number >= 0"),
        ("arousal", "heterogeneity", "frozen", '"frozen" found; expected one of quenched, per_step, none'),
        ("settings", "random_seed", "-1", "-1 found; expected a whole number >= 0"),
        ("settings", "random_seed", "2.5", "2.5 found; expected a whole number >= 0"),
        ("settings", "save", "yes", '"yes" found; expected true or false'),
        ("settings", "save", "1", "1 found; expected true or false"),
        ("settings", "plot_format", "jpg", '"jpg" found; expected one of png, pdf, svg'),
        ("settings", "sim_name", "3", "3 found; expected a plain folder name"),
        ("settings", "sim_name", "a/b", '"a/b" found; expected a plain folder name'),
        ("settings", "sim_name", "..", '".." found; expected a plain folder name'),
        ("settings", "sim_name", "''", '"" found; expected a plain folder name'),
        ("settings", "save_dir", "' '", '"" found; expected the path of a folder'),
        ("external_currents", "c_ext", "-3", "-3 found; expected a number >= 0, [E, I], [ext E→E,"),
    ],
)
def test_wrong_value(section: str, key: str, value: str, expected: str) -> None:
    (line,) = messages(f"{section}:\n  {key}: {value}\n")
    assert line.startswith(f"line 2: {section}.{key}: {expected}")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("network.n_neurons", "0", "0 found; expected a whole number >= 1 and <= 1000000000"),
        ("network.n_neurons", "1e400", "inf found; expected a whole number >= 1 and <= 1000000000"),
        (
            "network.connectivity_fraction_probs",
            "[0.2, 0.5, 0.5]",
            "3 entries found; expected a number >= 0 and <= 1, ",
        ),
        ("network.connectivity_fraction_probs", "1.5", "1.5 found; expected a number >= 0 and <= 1, or four entries ["),
        ("network.in_degree", "random", '"random" found; expected one of fixed, binomial'),
        ("clusters.n_clusters", "-1", "-1 found; expected a whole number >= 0 and <= 10000"),
        ("clusters.n_background", "160", "160 found; expected [E, I], each a whole number >= 0"),
        ("clusters.n_background", "[160, 40, 3]", "3 entries found; expected [E, I], each a whole number >= 0"),
        ("clusters.j_potentiated", "x", '"x" found; expected a number >= 0, or four entries [E→E, E→I, I→E, I→I]'),
        ("clusters.depress", "no", '"no" found; expected true or false'),
    ],
)
def test_wrong_value_in_architecture(key: str, value: str, expected: str) -> None:
    section, name = key.split(".")
    (line,) = messages(f"architecture:\n  {section}:\n    {name}: {value}\n")
    assert line.startswith(f"line 3: architecture.{key}: {expected}")


def test_one_entry_of_a_list() -> None:
    (line,) = messages("init_params:\n  threshold:\n    - 1.5\n    - high\n")
    assert line == 'line 4: init_params.threshold[1]: "high" found; expected a number'


def test_empty_values_are_all_reported() -> None:
    lines = messages(
        "architecture:\n  network:\n    n_neurons:\n    n_excitatory: ~\nsettings:\narousal:\n  level: null\n"
    )
    assert lines == [
        "line 3: architecture.network.n_neurons: missing value; expected a whole number >= 1 and <= 1000000000",
        "line 4: architecture.network.n_excitatory: missing value; expected a whole number >= 0",
        "line 5: settings: missing value; expected a mapping of keys to values",
        "line 7: arousal.level: missing value; expected a number >= 0 and <= 1",
    ]


def test_empty_perturbation_section_is_no_perturbation() -> None:
    assert load_experiment("perturbation:\n").perturbation.blocks == {}


@pytest.mark.parametrize("key", ["vectors", "n_vectors", "seed", "time_dependence", "params"])
def test_empty_values_in_a_perturbation(key: str) -> None:
    lines = messages(
        f"perturbation:\n  rate:\n    involved_clusters: [[0]]\n    params: [1]\n    {key}:\n".replace(
            "    params: [1]\n    params:", "    params:"
        )
    )
    assert [line for line in lines if f"perturbation.rate.{key}: missing value; expected " in line] == lines


def test_required_keys_of_a_perturbation() -> None:
    lines = messages("perturbation:\n  rate:\n    seed: 3\n")
    assert [line.split("; expected")[0] for line in lines] == [
        "line 2: perturbation.rate.involved_clusters: missing",
        "line 2: perturbation.rate.params: missing",
    ]


def test_unknown_keys_suggest_similar_ones_and_other_places() -> None:
    lines = messages({"n_neurons": 3, "settings": {"seed": 1}, "perturbation": {"arousal_l": {}}, "qqq": 1})
    text = "\n".join(lines)
    assert "n_neurons: unknown key; did you mean architecture.network.n_neurons? (valid: init_params, " in text
    assert "settings.seed: unknown key; did you mean random_seed? (valid: random_seed, save" in text
    assert "perturbation.arousal_l: unknown key; did you mean arousal_L? (valid: rate, j_baseline, " in text
    assert "qqq: unknown key; valid: init_params, architecture" in text


def test_wrong_section_types() -> None:
    lines = messages("arousal: high\nsettings: [1]\narchitecture: 3\n")
    assert [line.split(";")[0] for line in lines] == [
        'line 1: arousal: "high" found',
        "line 2: settings: [1] found",
        "line 3: architecture: 3 found",
    ]


def test_wrong_field_does_not_hide_other_sections() -> None:
    lines = messages(
        "init_params: {delta_t: 0.003, duration_sec: 0.002, tau_membrane: slow, tau_refractory: 0}\n"
        "architecture:\n  clusters: {n_clusters: 7, depress: perhaps}\n"
        "stimulus: {onsets: [5.0], amplitude: x}\n"
    )
    text = "\n".join(lines)
    for part in (
        "init_params.tau_membrane",
        "init_params.delta_t: 0.003 s found",
        "depress",
        "do not divide into 7",
        "stimulus.amplitude",
    ):
        assert part in text
    assert len(lines) == 6  # both types fail to divide


def test_checks_that_need_an_invalid_field_are_skipped() -> None:
    assert len(messages("architecture:\n  clusters: {n_clusters: many}\ninit_params: {threshold: [1, 2, 3]}\n")) == 1
