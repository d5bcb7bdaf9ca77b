from __future__ import annotations

import csv
import json
from functools import partial

import pytest

from tests.helpers.folders import files_in, run_json
from tests.helpers.shared import SMALL, write_config

OPTIONS = ("--duration", "600 ms", "--window", 0.05, "--window", 0.1, "--settle", 0.1)
METHOD = ("--method", "threshold", "--threshold", 3)


@pytest.fixture
def response(neuro_mod):
    return partial(neuro_mod, "control", "response")


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return write_config(tmp_path_factory.mktemp("configs") / "small.yaml", SMALL)


def test_it_says_saves_and_draws_responses(response, config, tmp_path):
    options = (config, "--trials", 3, *OPTIONS, *METHOD, "--out", tmp_path)
    done = response(*options)
    assert done.returncode == 0, done.stderr
    for words in (
        "3 of 0.6 s, 1.5 s observed",
        "threshold: above 3 Hz in all trials",
        "states seen most",
        "acausal check",
        "root mean square of z, 1 but for chance",
        "occupancy, own E",
        "mean time on, another I",
        "response per Hz of the external rate +- standard error; in brackets where the error is larger",
    ):
        assert words in done.stdout
    for name in ("occupancy_responses", "state_responses", "step_response"):
        assert (tmp_path / f"plots/{name}.png").read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "data/responses.csv").open() as file:
        rows = list(csv.DictReader(file))
    kinds = {row["observable"].rpartition(" ")[0] for row in rows}
    assert {"occupancy", "log odds", "switch on", "stay on", "chain occupancy", "mean time on", "state", "rate"} < kinds
    assert {row["window_sec"] for row in rows} == {"0.05", "0.1"}
    assert {row["unit"] for row in rows if row["observable"] == "rate E0"} == {"Hz/Hz"}
    assert {row["resolved"] for row in rows} == {"True", "False"}
    about = run_json(tmp_path)
    assert about["n_trials"] == 3 and about["observing"]["windows"] == [0.05, 0.1]

    # other windows of the same trials, each cluster alone
    options = (*options, "--set", "settings.plot=false")
    again = response(*options[:3], *OPTIONS[:2], "--window", 0.2, *OPTIONS[6:], *METHOD, *options[-4:], "--json")
    assert json.loads(again.stdout)["observing"]["windows"] == [0.2]
    shown = response(*options, "--each").stdout
    assert "stay on 2, I2" in shown and "own E" not in shown
    assert "3 of 3 trials finished" in (tmp_path / "metadata/run.log").read_text()
    assert "data/spikes_0002.npz" in files_in(tmp_path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--window", 2), "window: 2.0 found; expected less than 0.2 s, the duration of a trial"),
        ((*OPTIONS, "--states", "0+9"), '--states: "0+9" found; expected E clusters from 0 to 2'),
        ((*OPTIONS, "--threshold", 3), "--threshold: 3.0 found; expected no value with --method two_state"),
        ((*OPTIONS, "--observable", "nothing:here"), "no module nothing is installed"),
        ((*OPTIONS, "--target", "threshold"), "rate"),
        ((*OPTIONS, *METHOD[:3], 300, "--states", "0+1+2,0"), "state 0+1+2: never seen in"),
    ],
)
def test_bad_input_is_named(response, config, tmp_path, options, words):
    done = response(config, "--trials", 1, *options, "--out", tmp_path)
    assert done.returncode == 2, done.stdout
    assert words in " ".join(done.stderr.split()), done.stderr
