import pytest

from neuro_mod import ConfigError, load_experiment
from neuro_mod.config.quantities import in_si
from neuro_mod.config.sweep.loading import load_sweep, sweep_of


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("20 ms", "s", 0.02),
        ("0.1ms", "s", 0.0001),
        ("1e3 us", "s", 0.001),
        ("3 µs", "s", 3e-6),
        (" .5 s ", "s", 0.5),
        ("-2 ms", "s", -0.002),
        ("7 Hz", "Hz", 7.0),
        ("0.007 kHz", "Hz", 7.0),
    ],
)
def test_a_quantity_is_the_same_number_as_in_si_units(text: str, unit: str, number: float) -> None:
    assert in_si(text, unit) == number  # to the last bit, so that spikes are the same


@pytest.mark.parametrize(
    "value", ["20 mV", "20 Hz", "20", "ms", "2 0 ms", "1e4444 ms", "٣ ms", 20, None, True, ["1 ms"]]
)
def test_anything_else_is_left_as_it_is(value: object) -> None:
    assert in_si(value, "s") is value


def test_in_files_overrides_and_durations() -> None:
    experiment = load_experiment(
        b"""
        init_params: {tau_membrane: [20 ms, 10 ms], delta_t: 0.5 ms, duration_sec: 2500 ms}
        perturbation:
          rate: {involved_clusters: [0], params: [300e-3 Hz], time_dependence: {onset_time: 100 ms, offset_time: 1 s}}
        """,
        [
            "external_currents.nu_ext_baseline[0]=0.0075 kHz",
            "init_params.tau_synaptic=4 ms",
            "stimulus.onsets=[200 ms]",
        ],
    )
    assert experiment.init_params.tau_membrane == (0.02, 0.01)
    assert experiment.init_params.delta_t == 0.0005
    assert experiment.init_params.duration_sec == 2.5
    assert experiment.init_params.tau_synaptic == 0.004
    assert experiment.external_currents.nu_ext_baseline == (7.5, 7.0)
    assert experiment.stimulus.onsets == (0.2,)
    block = experiment.perturbation.blocks["rate"]
    assert (block.params, block.times.onset_time, block.times.offset_time) == ((0.3,), 0.1, 1.0)
    assert experiment.lasting("50 ms").perturbation.blocks == {}
    assert experiment.lasting("50 ms").init_params.duration_sec == 0.05
    assert load_experiment(experiment.to_yaml()) == experiment


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("tau_membrane", "20 mV", '"20 mV" found; expected a number > 0.*units s, ms, us, µs'),
        ("delta_t", "2 Hz", '"2 Hz" found; expected a number > 0; .*without one it is in s'),
        ("duration_sec", "-5 ms", "-0.005 found; expected a number > 0"),
        ("threshold", "20 ms", '"20 ms" found; expected a number, .E, I. or one entry per population$'),
        ("tau_synaptic", "1e999 ms", "inf found"),
    ],
)
def test_other_units_are_refused(key: str, value: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_experiment({"init_params": {key: value}})


@pytest.mark.parametrize(
    ("key", "value", "place", "meant"),
    [
        ("init_params.tau_membrane", 20, "", "0.02, or 20 ms"),
        ("init_params.tau_membrane", [0.02, 10], "[1]", "0.01, or 10 ms"),
        ("init_params.tau_synaptic", 5, "", "0.005, or 5 ms"),
        ("init_params.tau_refractory", 5, "", "0.005, or 5 ms"),
        ("init_params.delta_t", 0.5, "", "0.0005, or 0.5 ms"),
        ("stimulus.tau_rise", 50, "", "0.05, or 50 ms"),
        ("stimulus.tau_decay", 500, "", "0.5, or 500 ms"),
    ],
)
def test_milliseconds_without_a_unit_are_refused(key: str, value: object, place: str, meant: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_experiment({}, {key: value})
    assert any(
        problem.key == key + place and problem.hint.startswith(f"did you mean {meant}?")
        for problem in error.value.problems
    )


def test_unusual_times_are_accepted_on_request() -> None:
    unusual = {"init_params.tau_membrane": 20, "init_params.delta_t": 0.006, "init_params.tau_refractory": 2}
    experiment = load_experiment({}, {**unusual, "settings.allow_unusual": True})
    assert experiment.init_params.tau_membrane == 20
    assert experiment.determining()["settings"] == {"random_seed": 256}
    load_experiment({}, {"init_params.tau_membrane": 1, "init_params.delta_t": 0.005})  # the largest usual ones


def test_times_beyond_the_end_of_a_run_are_said() -> None:
    stimulus = {"onsets": [0.1, 500], "duration_sec": 200, "amplitude": 1}
    times = {"shape": "diff2exp", "tau_rise": 0.1, "tau_decay": 40}
    block = {"involved_clusters": [0], "params": [0.3], "time_dependence": times}
    experiment = load_experiment({"stimulus": stimulus, "perturbation": {"rate": block}})
    onset, length, decay = experiment.warnings
    assert onset.startswith("stimulus.onsets[1] = 500 s has no effect") and onset.endswith(
        "did you mean 0.5, or 500 ms?"
    )
    assert length.startswith(
        "stimulus.duration_sec = 200 s is beyond the end of the run: init_params.duration_sec = 2.5 s"
    )
    assert decay.startswith("perturbation.rate.time_dependence.tau_decay = 40 s is beyond the end of the run")
    assert experiment.replace({"stimulus.amplitude": 0}).warnings == (decay,)


def test_in_sweeps_they_are_numbers() -> None:
    sweep = load_sweep(
        {
            "config": {},
            "set": {"init_params.duration_sec": "500 ms"},
            "parameters": {
                "init_params.tau_membrane": ["10 ms", 0.02],
                "external_currents.nu_ext_baseline": {"from": "6 Hz", "to": "0.008 kHz", "n": 3},
            },
        }
    )
    assert sweep.experiment.init_params.duration_sec == 0.5
    assert [tuple(point.values.values()) for point in sweep.points][:3] == [(0.01, 6.0), (0.01, 7.0), (0.01, 8.0)]
    swept = sweep_of(load_experiment({}), "init_params.tau_synaptic", ["4 ms", 0.005], 1)
    assert [point.values["init_params.tau_synaptic"] for point in swept.points] == [0.004, 0.005]
    with pytest.raises(ConfigError, match="tau_membrane: 20 s found"):
        load_sweep({"config": {}, "parameters": {"init_params.tau_membrane": [0.02, 20]}})


@pytest.mark.parametrize("key", ["init_params.tau_membrane", "init_params.tau_synaptic", "init_params.tau_refractory"])
def test_times_whose_inverse_overflows_are_refused(key: str) -> None:
    with pytest.raises(ConfigError, match=f"{key}: 4.94066e-324 s found; expected at least 1e-12 s"):
        load_experiment({}, {key: 5e-324})


def perturbed(target: str, amount: float, **times: object) -> dict:
    return {f"perturbation.{target}": {"vectors": [[1.0]], "involved_clusters": [[0]], "params": [amount], **times}}


@pytest.mark.parametrize(
    ("target", "amount", "more", "message"),
    [
        ("tau_membrane", 2, {}, "tau_membrane becomes 2.02 s in E0; expected at most 1 s; params are in s"),
        ("tau_refractory", 2, {}, "tau_refractory becomes 2.005 s in E0; expected at most 1 s"),
        ("tau_refractory", -0.0049, {}, "tau_refractory becomes 0.0001 s in E0; expected 0, or at least"),
        (
            "tau_synaptic",
            -0.0048,
            {"init_params.mechanism": "euler"},
            "becomes 0.0002 s in E0; expected more than half",
        ),
    ],
)
def test_perturbed_times_are_checked_as_the_others(target: str, amount: float, more: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        load_experiment({}, perturbed(target, amount) | more)
    assert {problem.key for problem in error.value.problems} == {f"perturbation.{target}.params"}


def test_perturbed_times_that_are_not_what_they_seem_are_said() -> None:
    slow = load_experiment({}, perturbed("tau_membrane", 2) | {"settings.allow_unusual": True})
    assert slow.warnings == ()
    coarse = load_experiment({}, perturbed("tau_synaptic", -0.0046) | {"init_params.mechanism": "euler"})
    assert ["is longer than a time constant of 0.0004 s" in warning for warning in coarse.warnings] == [True]
    rounded = load_experiment({}, perturbed("tau_refractory", 0.00033))
    (warning,) = rounded.warnings
    assert warning.startswith("perturbed tau_refractory = 0.00533 s is no multiple of delta_t = 0.0005 s; 0.0055 s")
    late = perturbed("rate", 0.1, time_dependence={"shape": "gaussian", "peak_time": 100, "width": "20 ms"})
    (warning,) = load_experiment({}, late).warnings
    assert "peak_time = 100 s is beyond the end of the run" in warning


@pytest.mark.parametrize(("value", "hint"), [(0.006, ""), (0.5, "did you mean 0.0005, or 0.5 ms? "), (500, "")])
def test_a_suggestion_is_valid_itself(value: float, hint: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_experiment({}, {"init_params.delta_t": value, "init_params.tau_refractory": 0})
    hints = [problem.hint for problem in error.value.problems if problem.expected == "at most 0.005 s"]
    assert hints == [f"{hint}(settings.allow_unusual: true accepts it)"]


def test_a_duration_that_is_rounded_is_said() -> None:
    times = {"init_params.duration_sec": 0.2, "init_params.delta_t": 0.003, "init_params.tau_refractory": 0.006}
    (warning,) = load_experiment({}, times).warnings
    assert warning == "init_params.duration_sec = 0.2 s is no multiple of delta_t = 0.003 s; 0.201 s are simulated"
    assert load_experiment({}, {"init_params.duration_sec": 0.3, "init_params.delta_t": 0.0001}).warnings == ()
