import pytest

from neuro_mod.config import load_experiment
from neuro_mod.errors import ConfigError
from tests.helpers.shared import CONFIGS

FILE = CONFIGS / "default_snn_params.yaml"


@pytest.mark.parametrize("source", [FILE, {}], ids=["file", "defaults"])
def test_index_into_a_list(source: object) -> None:
    experiment = load_experiment(source, ["external_currents.nu_ext_baseline[0]=7.5"])  # type: ignore[arg-type]
    assert experiment.external_currents.nu_ext_baseline == (7.5, 7.0)


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("init_params.duration_sec=1e-1", 0.1),
        ("init_params.mechanism=euler", "euler"),
        ("init_params.threshold=[1.4, 0.7]", (1.4, 0.7)),
        ("init_params.tau_membrane = 0.03", 0.03),
        ("settings.save=false", False),
        ('settings.sim_name="3"', "3"),
        ("settings.sim_name=a=b", "a=b"),
        ("architecture.clusters.j_potentiated[3]=4", (16.85, 5.45, 6.25, 4.0)),
        ("stimulus.onsets=[]", ()),
    ],
)
def test_values_are_read_as_yaml(override: str, value: object) -> None:
    experiment: object = load_experiment(FILE, [override])
    key = override.partition("=")[0].partition("[")[0]
    for name in key.strip().split("."):
        experiment = getattr(experiment, name)
    assert experiment == value


def test_later_ones_win_and_build_on_earlier_ones() -> None:
    overrides = [
        "init_params.threshold=[1.4, 0.7]",
        "init_params.threshold[1]=0.6",
        "arousal.level=0",
        "arousal.level=1",
    ]
    experiment = load_experiment(FILE, overrides)
    assert experiment.init_params.threshold == (1.4, 0.6)
    assert experiment.arousal.level == 1


def test_whole_blocks_and_their_entries() -> None:
    block = "perturbation.rate={params: [1], involved_clusters: [[0, 1]]}"
    experiment = load_experiment(
        {}, [block, "perturbation.rate.params[0]=2", "perturbation.rate.involved_clusters[0][1]=3"]
    )
    rate = experiment.perturbation.blocks["rate"]
    assert rate.params == (2.0,)
    assert rate.involved_clusters == ((0, 3),)


def test_a_mapping_sets_only_the_keys_that_it_names() -> None:
    by_mapping = load_experiment(FILE, ["init_params={delta_t: .001, duration_sec: 3}", "arousal={}"])
    assert by_mapping == load_experiment(FILE, ["init_params.delta_t=.001", "init_params.duration_sec=3"])
    deeper = load_experiment(FILE, ["architecture={clusters: {j_potentiated: [15.75, 5.45, 6.25, 5]}}"])
    assert deeper == load_experiment(FILE, ["architecture.clusters.j_potentiated=[15.75, 5.45, 6.25, 5]"])


def test_section_left_empty_in_the_file() -> None:
    assert load_experiment("settings:\n", ["settings.random_seed=1"]).settings.random_seed == 1


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("arousal.level", "no = between key and value; expected KEY=VALUE, for example external_currents.nu_ext"),
        ("=3", 'cannot read the key ""'),
        ("arousal..level=3", 'cannot read the key "arousal..level"'),
        ("arousal.level[-1]=3", 'cannot read the key "arousal.level[-1]"'),
        (
            "arousal.leve=1",
            "arousal.leve: unknown key; did you mean level? (valid: level, L, x_0, k, M, heterogeneity)",
        ),
        ("n_clusters=3", "n_clusters: unknown key; did you mean architecture.clusters.n_clusters?"),
        ("nothing.like.this=3", "nothing: unknown key; valid: init_params"),
        ("external_currents.nu_ext_baselin[0]=3", "external_currents.nu_ext_baselin: unknown key; did you mean nu_ext"),
        (
            "external_currents.nu_ext_baseline[2]=3",
            "nu_ext_baseline[2]: index out of range; expected an index from 0 to 1",
        ),
        ("stimulus.onsets[0]=3", "stimulus.onsets[0]: index out of range; expected no index, as the list is empty"),
        ("arousal.level[0]=3", "arousal.level[0]: 0.3 is not a list; set it without an index"),
        ("init_params.tau_membrane[0]=3", "init_params.tau_membrane[0]: 0.02 is not a list"),
        ("arousal.level.x=3", "arousal.level: 0.3 found; expected a mapping that contains x"),
        ("arousal.level=high", 'arousal.level: "high" found; expected a number >= 0 and <= 1'),
        ("arousal.level=", "arousal.level: missing value; expected a number"),
        ("arousal.level=[1", "not valid YAML"),
        ("arousal.level=!!python/object:os.system {}", "the tag !!python/object:os.system is not allowed"),
        ("external_currents.j_ext[1]=x", 'external_currents.j_ext[1]: "x" found; expected a number'),
        ("settings.sim_name=a/b", 'settings.sim_name: "a/b" found; expected a plain folder name'),
        ("stimulus.tau_rise=-1", "stimulus.tau_rise: -1 found; expected a number > 0"),
        ("perturbation.rate.params[0]=3", "perturbation.rate.params: this list has no default"),
    ],
)
def test_error_names_the_override_instead_of_a_line(override: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_experiment(FILE, [override])
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{FILE}: --set {override}: ")
    assert expected in line


def test_errors_of_file_and_overrides_are_reported_together() -> None:
    with pytest.raises(ConfigError) as caught:
        load_experiment("arousal:\n  level: 3\n  L: 3\n", ["arousal.L=4", "nonsense", "arousal.k=5"])
    assert str(caught.value).splitlines() == [
        "--set nonsense: no = between key and value; expected KEY=VALUE, "
        "for example external_currents.nu_ext_baseline[0]=7.5",
        "--set arousal.L=4: arousal.L: 4 found; expected a number >= 0 and <= 1",
        "line 2: arousal.level: 3 found; expected a number >= 0 and <= 1",
    ]


def test_mapping_of_overrides() -> None:
    experiment = load_experiment(FILE, {"init_params.duration_sec": 1.0, "external_currents.nu_ext_baseline[1]": 8})
    assert experiment.init_params.duration_sec == 1.0
    assert experiment.external_currents.nu_ext_baseline == (7.0, 8.0)
    with pytest.raises(ConfigError, match=r"^override arousal\.level=3: arousal\.level: 3 found"):
        load_experiment({}, {"arousal.level": 3})
