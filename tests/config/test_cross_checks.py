"""Values that are valid on their own but not together."""

from typing import Any

import pytest

from neuro_mod.config import Experiment, load_experiment
from neuro_mod.config.cross_checks.draft import Draft
from neuro_mod.errors import ConfigError

FOUR_EXTERNAL = [320, 320, 80, 80]
UNUSUAL = {"allow_unusual": True}


def network(**values: Any) -> dict[str, Any]:
    return {"architecture": {"network": values}}


def clusters(**values: Any) -> dict[str, Any]:
    return {"architecture": {"clusters": values}}


def external(**values: Any) -> dict[str, Any]:
    return {"external_currents": values}


def rate(**values: Any) -> dict[str, Any]:
    return {"perturbation": {"rate": {"involved_clusters": [[0, 1]], "params": [1.0]} | values}}


def timed(**times: Any) -> dict[str, Any]:
    return rate(time_dependence=times)


@pytest.mark.parametrize(
    ("data", "key", "parts"),
    [
        (
            {"init_params": {"tau_membrane": [0.1, 0.2, 0.3]}},
            "init_params.tau_membrane",
            ["3 entries found", "one number, or 2 entries ([E, I]), or 38 entries (one per population)"],
        ),
        (
            {"init_params": {"threshold": [1.5] * 4}},
            "init_params.threshold",
            ["4 entries found", "2 entries ([E, I])", "38 entries"],
        ),
        (
            external(j_ext=[1] * 5),
            "external_currents.j_ext",
            ["5 entries found", "2 entries ([E, I])", "4 entries ([ext E→E, ", "38 entries (one per population)"],
        ),
        (network(n_excitatory=3000), "architecture.network.n_excitatory", ["3000 found", "at most n_neurons = 2000"]),
        (network(n_inhibitory=300), "architecture.network.n_inhibitory", ["300 found", "400 (n_neurons - n_exc"]),
        (clusters(total_pops=36), "architecture.clusters.total_pops", ["36 found", "38 (2 n_clusters + 2)"]),
        (
            clusters(n_background=[161, 40]),
            "architecture.clusters.n_background[0]",
            ["1439 clustered E neurons do not divide into 18 clusters"],
        ),
        (
            clusters(n_background=[160, 500]),
            "architecture.clusters.n_background[1]",
            ["I background (500) is larger than"],
        ),
        (
            network(j_baseline=[0.6, 0.6, 1.9, -3.8]),
            "architecture.network.j_baseline[2]",
            ["1.9 found for I→E; expected a number <= 0; weights from inhibitory neurons are negative"],
        ),
        (network(j_baseline=[-0.6, 0.6, -1, -3]), "architecture.network.j_baseline[0]", ["-0.6 found for E→E", ">= 0"]),
        (
            network(j_baseline=1.0),
            "architecture.network.j_baseline",
            ["1 found for all pathways", "from inhibitory neurons negative"],
        ),
        (
            clusters(j_potentiated=[40, 5, 5, 5]),
            "architecture.clusters.j_potentiated[0]",
            ["E→E", "g = -0.8571 < 0", "at most 22 for 18 clusters", "architecture.clusters.depress: false"],
        ),
        (
            {"init_params": {"threshold": [1.5, -1]}},
            "init_params.threshold",
            ["-1 found for I; expected more than init_params.reset_voltage = 0"],
        ),
        (
            {"init_params": {"reset_voltage": [0.0] * 37 + [0.75]}},
            "init_params.threshold",
            ["0.75 found for I_background"],
        ),
        (
            {"init_params": {"threshold": [1.5, 5e-324]}},
            "init_params.threshold",
            ["4.94066e-324 found for I; expected more than init_params.reset_voltage = 0, by 1e-12 at least"],
        ),
        (
            {"init_params": {"delta_t": 1e-3, "duration_sec": 5e-4, "tau_refractory": 0}},
            "init_params.delta_t",
            ["0.001 s found; expected at most init_params.duration_sec = 0.0005 s"],
        ),
        (
            {"init_params": {"mechanism": "euler", "delta_t": 0.0101, "tau_refractory": 0}, "settings": UNUSUAL},
            "init_params.delta_t",
            ["0.0101 s found; expected less than twice init_params.tau_synaptic = 0.005 s"],
        ),
        (
            {"init_params": {"delta_t": 1e-3, "tau_refractory": [5e-3, 4e-4]}},
            "init_params.tau_refractory",
            ["0.0004 s found; expected 0, or at least init_params.delta_t = 0.001 s"],
        ),
        (
            external(c_ext=FOUR_EXTERNAL, nu_ext_baseline=[7, 7, 7, 7]),
            "external_currents.j_ext",
            ["inhibitory source", "four entries", "c_ext describes"],
        ),
        (
            external(c_ext=320, nu_ext_baseline=[7, 7, 7, 7], j_ext=[2, 2, -1, -1]),
            "external_currents.c_ext",
            ["nu_ext_baseline describes that source (write zeros for none)"],
        ),
        (
            {"init_params": {"duration_sec": 1e9}},
            "init_params.duration_sec",
            ["1e+09 s found", "at most 2147483647 steps"],
        ),
        (
            {"init_params": {"duration_sec": 1e-20, "delta_t": 1e-21, "tau_refractory": 0.0}},
            "init_params.delta_t",
            ["1e-21 s found; expected seconds above 0, at least 1e-12"],
        ),
        (
            {"stimulus": {"stimulus_shape": "diff2exp", "tau_rise": 0.5}},
            "stimulus.tau_rise",
            ["0.5 s found; expected less than stimulus.tau_decay = 0.5 s"],
        ),
        (
            {"stimulus": {"stimulus_shape": "diff2exp", "tau_decay": 1e11, "tau_rise": 0.05}, "settings": UNUSUAL},
            "stimulus.tau_rise",
            ["0.05 s found; expected at least 1e-12 s, and 1e-12 of stimulus.tau_decay = 1e+11 s"],
        ),
        (
            {"stimulus": {"onsets": [0.5, 0.1], "duration_sec": 1e-20}},
            "stimulus.duration_sec",
            ["1e-20 s found; expected enough for its offset to differ from its onset at 0.5 s"],
        ),
        ({"stimulus": {"onsets": [0.1, 1e20]}}, "stimulus.onsets[1]", ["1e+20 found; expected a number below 1e+12"]),
        ({"stimulus": {"amplitude": -1e40}}, "stimulus.amplitude", ["-1e+40 found; expected a number below 1e+12"]),
        ({"stimulus": {"tau_decay": 1e308}}, "stimulus.tau_decay", ["1e+308 found; expected a number below 1e+12"]),
        (external(j_ext=[2, 1e39]), "external_currents.j_ext[1]", ["1e+39 found; expected a number below 1e+12"]),
        (rate(params=[1, 2]), "perturbation.rate.params", ["2 coefficients found; expected 1, one for each list in"]),
        (rate(vectors=[[1, 1], [1, 1]]), "perturbation.rate.vectors", ["2 vectors found; expected 1"]),
        (rate(n_vectors=3), "perturbation.rate.n_vectors", ["3 vectors found; expected 1"]),
        (rate(vectors=[[1, 1, 1]]), "perturbation.rate.vectors[0]", ["3 entries found; expected 2, one for each pop"]),
        (
            rate(involved_clusters=[[0, 38]]),
            "perturbation.rate.involved_clusters[0][1]",
            ["38 found; expected a population from 0 to 37, or E0 to E17, E_background, I0 to I17, I_background"],
        ),
        (
            rate(involved_clusters=[["E0", "E18"]]),
            "perturbation.rate.involved_clusters[0][1]",
            ['"E18" found; expected a population from 0 to 37, or E0 to E17, E_background, I0 to I17, I_background'],
        ),
        (
            rate(involved_clusters=["e0", 1]),
            "perturbation.rate.involved_clusters[0]",
            ['"e0" found; expected a population from 0 to 37, or E0 to'],
        ),
        (
            rate(involved_clusters=[["I_background", 3, 37]]),
            "perturbation.rate.involved_clusters[0][2]",
            ["duplicate population 37; expected each population once per vector"],
        ),
        (
            rate(involved_clusters=[19, "I0"], vectors=[[1, 1], [1, 2]], params=[1, 2]),
            "perturbation.rate.involved_clusters[1]",
            ["duplicate population I0; expected each population once per vector"],
        ),
        (
            rate(involved_clusters=["E0", ["E1"]]),
            "perturbation.rate.involved_clusters[0]",
            ['"E0" found; expected populations by index or name'],
        ),
        (
            rate(involved_clusters=[[1.5, "E1"]]),
            "perturbation.rate.involved_clusters[0][0]",
            ["1.5 found; expected a population by index or name, such as 3, E3 or I_background"],
        ),
        (rate(vectors=[["a", 1]]), "perturbation.rate.vectors[0][0]", ['"a" found; expected a number']),
        (
            rate(involved_clusters=["E0", "E1"], vectors=[[1, 1], [1]], params=[1, 2]),
            "perturbation.rate.vectors[1]",
            ["1 entry found; expected 2, one for each population in involved_clusters"],
        ),
        (
            rate(involved_clusters=["E0", "E1"], vectors=[[1, 1]], params=[1, 2]),
            "perturbation.rate.vectors",
            ["1 vector found; expected 2, one for each coefficient in params"],
        ),
        (
            rate(involved_clusters=[[3, 0, 3]]),
            "perturbation.rate.involved_clusters[0][2]",
            ["duplicate population 3; expected each population once per vector"],
        ),
        (
            rate(time_dependence={"onset_time": 1, "offset_time": 1}),
            "perturbation.rate.time_dependence.offset_time",
            ["1 s found; expected more than onset_time = 1 s"],
        ),
        (
            rate(time_dependence={"onset_time": 1, "offset_time": 3}),
            "perturbation.rate.time_dependence.offset_time",
            ["3 s found; expected at most init_params.duration_sec = 2.5 s, or no value"],
        ),
        (
            rate(time_dependence={"onset_time": 2.5}),
            "perturbation.rate.time_dependence.onset_time",
            ["2.5 s found; expected a time before the end of the run"],
        ),
        (
            {"perturbation": {"mood": {}}},
            "perturbation.mood",
            ["unknown key; valid: rate, j_baseline, j_potentiated, j_"],
        ),
        (
            timed(shape="square"),
            "perturbation.rate.time_dependence.shape",
            ['"square" found; expected one of hat, ramp, sine, diff2exp, gaussian, sampled'],
        ),
        (
            timed(frequency=3.0),
            "perturbation.rate.time_dependence.frequency",
            ["the shape hat has no frequency; it has onset_time, offset_time"],
        ),
        (
            timed(shape="hat", interval=0.1),
            "perturbation.rate.time_dependence.interval",
            ["the shape hat has no interval"],
        ),
        (
            timed(shape="sine", frequency=3, width=0.1),
            "perturbation.rate.time_dependence.width",
            ["the shape sine has no width; it has onset_time, offset_time, interval, frequency, phase"],
        ),
        (timed(shape="sine"), "perturbation.rate.time_dependence.frequency", ["missing; the shape sine needs it"]),
        (timed(shape="sampled", values=[1]), "perturbation.rate.time_dependence.interval", ["the shape sampled needs"]),
        (timed(shape="gaussian", width=0.1), "perturbation.rate.time_dependence.peak_time", ["the shape gaussian"]),
        (timed(shape="diff2exp", tau_rise=0.1), "perturbation.rate.time_dependence.tau_decay", ["diff2exp needs it"]),
        (timed(shape="ramp"), "perturbation.rate.time_dependence", ["expected rise_time or offset_time for a ramp"]),
        (
            timed(shape="diff2exp", tau_rise=0.2, tau_decay=0.2),
            "perturbation.rate.time_dependence",
            ["tau_rise: 0.2 found; expected a time between 0 and tau_decay, 0.2 s"],
        ),
        (timed(shape="sine", frequency=0), "perturbation.rate.time_dependence.frequency", ["0 found", "> 0"]),
        (
            timed(shape="sampled", values=[], interval=1),
            "perturbation.rate.time_dependence.values",
            ["0 entries found"],
        ),
        (
            timed(shape="sine", frequency=1e308),
            "perturbation.rate.time_dependence.frequency",
            ["1e+308 found; expected a number below 1e+12 in magnitude"],
        ),
        (
            rate(params=[1e308], vectors=[[10.0, 1.0]]),
            "perturbation.rate.params",
            ["the perturbation is too large; expected sums and products"],
        ),
        (
            rate(
                params=[1e308], vectors=[[1.0, 1.0]], time_dependence={"shape": "sampled", "values": [9], "interval": 1}
            ),
            "perturbation.rate.params",
            ["the perturbation is too large; expected sums and products"],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refused(data: dict[str, Any], key: str, parts: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_experiment(data)
    (problem,) = caught.value.problems
    assert problem.key == key
    for part in parts:
        assert part in str(problem)


@pytest.mark.parametrize(
    "data",
    [
        network(n_inhibitory=400),
        clusters(total_pops=38),
        clusters(depress=False, j_potentiated=[40, 5, 5, 5]),
        clusters(j_potentiated=[22, 5, 5, 5]),  # g = 0
        clusters(j_potentiated=5.0),
        clusters(n_clusters=0, n_background=[1600, 400]),
        clusters(n_clusters=1, j_potentiated=1.0),
        network(connectivity_fraction_probs=1.0),
        network(connectivity_fraction_probs=[0.2, 1, 1, 0.5]),
        network(j_baseline=0),
        network(j_baseline=[0, 0, 0, 0]),
        {"init_params": {"threshold": [1.5] * 38, "tau_membrane": [0.02, 0.01], "tau_refractory": 0}},
        {"init_params": {"delta_t": 2.5, "tau_refractory": 0}, "settings": UNUSUAL},
        external(c_ext=FOUR_EXTERNAL, nu_ext_baseline=[7, 7, 3, 3], j_ext=[2, 2, -1, -1]),
        external(c_ext=[320, 320, 0, 0]),
        external(c_ext=[320, 320, 0, 0], nu_ext_baseline=[7, 7, 3, 3]),
        external(c_ext=320, nu_ext_baseline=[7.0] * 38),
        {"stimulus": {"stimulus_shape": "box", "tau_rise": 0.9, "onsets": [0, 0.5, 2.4]}},
        rate(),
        rate(n_vectors=1, structured=False, mean=1, sigma=0),
        rate(vectors=[[1, -1]], time_dependence={"onset_time": 0, "offset_time": 2.5}),
        rate(time_dependence={"offset_time": None}),
        rate(time_dependence={}),
        rate(involved_clusters=["E0", "E1", "E_background", "I3"]),
        rate(involved_clusters=[["E0", 37, "E_background"], [0, "I_background"]], params=[1, 2]),
        rate(involved_clusters=[0, "I0"], vectors=[[1, 1], [2, 3]], params=[1, 2]),
        timed(shape="ramp", offset_time=0.5),
        timed(shape="ramp", rise_time=0.5),
        timed(shape="sine", frequency=3, phase=-1, interval=0.01),
        timed(shape="diff2exp", tau_rise=0.1, tau_decay=0.2),
        timed(shape="gaussian", peak_time=-1, width=0.2),
        timed(shape="sampled", values=[1, -1], interval=0.1),
    ],
    ids=str,
)
def test_accepted(data: dict[str, Any]) -> None:
    experiment = load_experiment(data)
    assert load_experiment(experiment.to_yaml()) == experiment


def test_every_problem_of_several_lists_is_reported() -> None:
    with pytest.raises(ConfigError) as caught:
        load_experiment({"init_params": {"tau_membrane": [0.1, 0.2, 0.3], "tau_synaptic": [0.1] * 5}})
    assert len(caught.value.problems) == 2


def test_single_cluster_reads_four_external_entries_as_two_sources() -> None:
    data = clusters(n_clusters=1, depress=False) | external(c_ext=FOUR_EXTERNAL)
    with pytest.raises(ConfigError, match="inhibitory source"):
        load_experiment(data)


def test_ten_thousand_clusters_are_checked_without_arrays() -> None:
    with pytest.raises(ConfigError, match="do not divide"):
        load_experiment(clusters(n_clusters=10**4))


def test_draft_of_a_valid_experiment_hides_nothing() -> None:
    draft = Draft(Experiment())
    assert draft["architecture.clusters.n_clusters"] == 18
    assert draft.populations.total == 38


def test_thresholds_that_round_to_the_reset_voltage_are_a_warning() -> None:
    experiment = load_experiment({"init_params": {"threshold": [1.5, 1.0], "reset_voltage": [0, 0.99999999]}})
    (warning,) = experiment.warnings
    assert warning.startswith("init_params.threshold of I0 equals init_params.reset_voltage in single precision")
