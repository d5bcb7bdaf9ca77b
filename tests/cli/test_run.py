from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from neuro_mod.execution.progress import progress_shown
from neuro_mod.execution.repeats.repeater import Repeater
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.recordings.saved import load_spikes
from tests.helpers.folders import arrays_in, data_in
from tests.helpers.processes import ENVIRONMENT, NEURO_MOD, run_command, start_python


@pytest.fixture
def run(neuro_mod):
    return partial(neuro_mod, "run")


def test_it_prints_a_summary_and_the_files(run, config, tmp_path):
    done = run(config, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    for words in ("E clusters, mean rate", "I background", "E clusters above 20 Hz", "times as fast as real time"):
        assert words in done.stdout
    for name in ("raster.png", "cluster_rates.png", "voltage.png"):
        file = tmp_path / "out/plots" / name
        assert str(file) in done.stdout
        assert file.read_bytes().startswith(b"\x89PNG")


def test_a_run_continues_from_a_saved_state(run, config, tmp_path):
    for name, more in (("whole", ["0.1"]), ("first", ["0.04"]), ("rest", ["0.06", "--from-state", tmp_path / "first"])):
        assert run(config, "--out", tmp_path / name, "--no-plot", "--duration", *more)[0] == 0
    assert not list(tmp_path.rglob("*.png"))
    spikes = {name: np.asarray(load_spikes(tmp_path / name)) for name in ("whole", "first", "rest")}
    assert np.array_equal(np.vstack([spikes["first"], spikes["rest"]]), spikes["whole"])
    other = [config, "--seed", 9, "--from-state", tmp_path / "first/data/state.npz", "--plot", "none"]
    code, _, said = run(*other, "--out", tmp_path / "other")
    assert code == 2 and "network of the state" in said
    assert run(*other, "--out", tmp_path / "other", "--allow-other-network")[0] == 0


def test_an_option_of_a_state_is_named(run, config, tmp_path):
    code, _, said = run(config, "--from-state", "no", "--out", "out", cwd=tmp_path)
    assert code == 2 and said == "--from-state: no: no such file\n"
    code, _, said = run(config, "--allow-other-network", "--out", "out", cwd=tmp_path)
    assert code == 2 and said == "--allow-other-network: found without --from-state; expected both, or neither\n"
    code, _, said = run(config, "--out", "$HOME/q", cwd=tmp_path)
    assert code == 2 and """'--out': "$HOME/q" found; expected a path without $""" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("duration", "hint"), [("0,2", True), ("200,5 ms", True), ("soon", False)])
def test_a_decimal_comma_in_seconds_is_named(run, config, duration, hint):
    code, _, said = run(config, "--duration", duration)
    assert code == 2 and f"""'--duration': "{duration}" found; expected seconds from 0""" in said
    assert ("numbers have a decimal point, not a comma" in said) == hint


def test_without_out_the_settings_say_where(run, config, tmp_path):
    done = run(config, "--set", "settings.sim_name=mine", "--plot", "none", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "simulations/mine/data/spikes.npz").exists()
    assert not list((tmp_path / "simulations/mine/plots").iterdir())


def test_options_reach_the_run(run, config, tmp_path):
    done = run(
        *(config, "--out", tmp_path, "--seed", 7, "--duration", 0.1, "--set", "arousal.level=0", "--dtype", "float64"),
        *(
            "--record",
            "spikes,voltage,current",
            "--record-neurons",
            "3,50:53",
            "--record-every",
            4,
            "--json",
            "--plot",
            "none",
        ),
    )
    assert done.returncode == 0, done.stderr
    metadata = json.loads(done.stdout)
    assert metadata["random_seed"] == 7 and metadata["duration_sec"] == 0.1 and metadata["dtype"] == "float64"
    recorded = arrays_in(tmp_path / "data/current.npz")
    assert recorded["current"].shape == (50, 4) and recorded["current"].dtype == np.float64
    assert recorded["neurons"].tolist() == [3, 50, 51, 52]
    stager = StageSNNSimulation(config, 7, overrides=["arousal.level=0"])
    expected = stager.run(duration_sec=0.1, dtype="float64")["spikes"]
    assert load_spikes(tmp_path).neurons.tobytes() == expected.neurons.tobytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.yaml"], "nowhere.yaml: no such file"),
        (["--set", "arousal.levle=1"], "did you mean level?"),
        (["--duration", "-1"], "--duration"),
        (["--seed", "-1"], "settings.random_seed"),
        (["--record", "voltages"], "expected a list of spikes, voltage, current"),
        (["--record-neurons", "5,x"], "expected all, or indices and ranges"),
        (["--record-neurons", "0:10:2"], "expected all, or indices and ranges"),
        (["--record-neurons", "0:99999999999"], "expected numbers from 0 to 59"),
        (["--duration", "1e9"], "init_params.duration_sec"),
        (["--set", "external_currents.nu_ext_baseline=1e11"], "external spikes in each step"),
        (["--record-neurons", "60"], "expected numbers from 0 to 59"),
        (["--record-every", "0"], "--record-every"),
        (["--dtype", "float16"], "'float32', 'float64'"),
        (["--plot", "rasters"], "expected one of spikes, rates, voltage, perturbations, parameters, all, none"),
        (["--plot", "rates", "--no-plot"], '--plot: "rates" found; expected --plot or --no-plot, not both'),
        (["--out", "x" * 256], "names of at most 255 bytes"),
        (["--out", "é" * 128], "expected names of at most 255 bytes"),
        (["--out", "/".join(["d" * 200] * 25)], "File name too long"),
        (["--set", f"settings.sim_name={'x' * 201}"], "settings.sim_name: "),
        (["--set", f"settings.save_dir=a/{'x' * 256}"], "settings.save_dir: "),
        (["--from-state", "nowhere.npz"], "nowhere.npz: no such file"),
        (["--out", "/dev/null/x"], "cannot write to the folder /dev/null/x"),
    ],
)
def test_bad_input_is_one_clear_message(run, config, tmp_path, arguments, message):
    positional = [] if arguments[0].endswith(".yaml") else [config]
    done = run(*positional, *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr and not list(tmp_path.rglob("*.npz"))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "empty"), (b"- 1\n- 2\n", "a list"), (b"\x00\xff\xfe\x80", ""), (b"a: &a [*a]\n", "")],
)
def test_files_that_are_no_configuration(run, tmp_path, content, message):
    (tmp_path / "bad.yaml").write_bytes(content)
    done = run(tmp_path / "bad.yaml")
    assert done.returncode == 2 and "bad.yaml" in done.stderr and message in done.stderr
    assert "Traceback" not in done.stderr


def test_perturbations_are_not_ignored(run, config, tmp_path):
    block = "perturbation.rate={vectors: [[1, -1]], involved_clusters: [[0, 5]], params: [3.0]}"
    options = ("--record", "spikes", "--plot", "none")
    runs = {"without": (), "with": ("--set", block)}
    spikes = {}
    for name, more in runs.items():
        done = run(config, "--out", tmp_path / name, *options, *more)
        assert done.returncode == 0, done.stderr
        spikes[name] = load_spikes(tmp_path / name).steps.tobytes()
        assert (tmp_path / name / "metadata/perturbations.npz").exists() == (name == "with")
    assert spikes["without"] != spikes["with"]


#: The command, with lines of progress in the log that follow one another quickly.
WITH_FREQUENT_LINES = """
from neuro_mod.cli.main import app
from neuro_mod.execution.progress import progress_shown
progress_shown.__wrapped__.__kwdefaults__["log_interval"] = 0.2
app()
"""


def test_ctrl_c_keeps_the_finished_part(config, tmp_path):
    whole = StageSNNSimulation(config).run(duration_sec=1.0)["spikes"]
    arguments = ("run", config, "--duration", 20000, "--record", "spikes", "--out", tmp_path)
    process = start_python("-c", WITH_FREQUENT_LINES, *arguments)
    assert process.stderr is not None
    while (line := process.stderr.readline()).startswith("simulated 0.00 of"):
        pass
    assert line.startswith("simulated"), line
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "interrupted after" in errors and f"simulated seconds\nsaved in {tmp_path}" in errors
    assert "Traceback" not in errors
    saved = load_spikes(tmp_path)
    assert 2000 < saved.n_steps < 40_000_000
    assert np.array_equal(saved.neurons[saved.steps < 2000], whole.neurons)
    assert not list(Path(tmp_path).rglob("*.partial"))


def test_a_log_gets_plain_lines(capsys):
    with progress_shown(10.0, log_interval=0.0) as report:
        for seconds in (0.0, 2.5, 10.0):
            report(seconds)
    printed = capsys.readouterr()
    lines = ["simulated 0.00 of 10 s", "simulated 2.50 of 10 s, about 0 s left", "simulated 10.00 of 10 s"]
    assert printed.err.splitlines() == lines and not printed.out


def test_a_terminal_gets_a_bar(config, tmp_path):
    pty = pytest.importorskip("pty")  # of POSIX

    leader, follower = pty.openpty()
    command = [sys.executable, *NEURO_MOD, "run", config, "--duration", "5", "--out", tmp_path, "--plot", "none"]
    process = subprocess.Popen(command, stderr=follower, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    os.close(follower)
    shown = b""
    with contextlib.suppress(OSError):  # the terminal closes when the process ends
        while piece := os.read(leader, 1024):
            shown += piece
    os.close(leader)
    assert process.wait(timeout=60) == 0
    assert b"simulated 5.00 of 5 s" in shown


def test_closed_streams_are_no_obstacle(config, tmp_path):
    """Files that are opened do not take their places, also in worker processes."""
    command = [sys.executable, *NEURO_MOD, "repeat", config, "--out", tmp_path, "--executor", "process"]
    done = run_command("bash", "-c", '"$@" <&- >&- 2>&-', "_", *command, "--no-analysis", "--plot", "none")
    assert done.returncode == 0
    Repeater(config, 1).execute(tmp_path / "expected", plot_arg="none")
    assert data_in(tmp_path) == data_in(tmp_path / "expected")
