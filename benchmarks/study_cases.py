"""The commands that do many trials, as calls from Python, and the same trials prepared for `simulate_batch`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.default_network import CONFIG, load_default
from neuro_mod.config import Experiment, load_experiment
from neuro_mod.config.sweep import Sweep, load_sweep
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.trial import Trial
from neuro_mod.execution import Repeater, jobs
from neuro_mod.execution.comparison.job import ComparisonJob
from neuro_mod.execution.jobs import Execution
from neuro_mod.execution.pairs.job import PairJob
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.sweep.from_file import run_sweep
from neuro_mod.execution.sweep.points import Runs, experiment_at
from neuro_mod.execution.sweep.spiking_net import SNNBaseSweepRunner

PERTURBED = CONFIG.parent / "perturbed" / "default_snn_params_with_perturbation.yaml"
#: Simulated seconds before the runs of a pair part, and before a comparison begins, as by default in the commands.
_BEFORE_PAIRS, _SETTLING = 1.0, 0.5
_LEVELS = (0.0, 0.3)
OWN, FIXED, SWEEP = "`repeat`, own networks", "`repeat`, one network", "`sweep`, own networks"
_NO_FIGURES: Mapping[str, Any] = {"settings.plot": False}


class Study(NamedTuple):
    """A command that does many trials.

    Args:
        name: What the report calls it.
        do: Does so many trials and saves them into a folder.
        prepare: The same trials with their networks drawn; as many seconds in the same networks, where trials of a
            command follow from each other.
        prepared_as: The name of a study with the same trials, if another one has them.
        in_processes: Whether to time it in processes, too, whose start takes seconds.
    """

    name: str
    do: Callable[[int, Path, Execution], object]
    prepare: Callable[[int], list[Trial]]
    prepared_as: str
    in_processes: bool = False


def studies(duration: float) -> list[Study]:
    """Studies of the default network whose trials take so many simulated seconds."""
    experiment = load_default({"init_params.duration_sec": duration, **_NO_FIGURES})
    perturbed = load_experiment(PERTURBED, {"init_params.duration_sec": duration, **_NO_FIGURES})
    pairs = StageSNNSimulation(perturbed)
    own, fixed = (partial(_repeated, experiment, fix_network) for fix_network in (False, True))
    return [
        Study(OWN, partial(_repeat, experiment, False), own, OWN, True),
        Study(f"{OWN}, events", partial(_repeat, experiment, False, spike_format="events"), own, OWN),
        Study(FIXED, partial(_repeat, experiment, True), fixed, FIXED),
        Study(f"{FIXED}, events", partial(_repeat, experiment, True, spike_format="events"), fixed, FIXED),
        Study(SWEEP, partial(_sweep, duration), partial(_swept, duration), SWEEP, True),
        Study("`SNNBaseSweepRunner`", partial(_sweep_in_python, experiment), partial(_swept, duration), SWEEP),
        Study("`perturb`, pairs", partial(_perturb, perturbed), partial(_paired, pairs), "pairs"),
        Study("`compare`, own networks", partial(_compare, experiment), partial(_compared, experiment), "compared"),
    ]


def new_sweep(duration: float, levels: Iterable[float], repeats: int) -> Sweep:
    """A sweep over arousal, whose runs have networks of their own; their spikes are saved."""
    return load_sweep(
        {
            "config": str(CONFIG),
            "set": {"init_params.duration_sec": duration, **_NO_FIGURES},
            "parameters": {"arousal.level": list(levels)},
            "repeats": repeats,
            "measures": ["rates"],
            "keep_spikes": True,
        }
    )


def lay_out(trials: Sequence[Trial]) -> None:
    """Lay out the synapses of trials; layouts are kept with their networks."""
    for trial in trials:
        simulate(trial.until(0))


def _repeat(
    experiment: Experiment, fix_network: bool, n: int, folder: Path, execution: Execution, **options: Any
) -> None:
    how = {"executor": execution.executor, "max_workers": execution.max_workers}
    Repeater(experiment, n, fix_network=fix_network).execute(folder, plot_arg="none", **how, **options)


def _repeated(experiment: Experiment, fix_network: bool, n: int) -> list[Trial]:
    repeater = Repeater(experiment, n, fix_network=fix_network)
    root = StageSNNSimulation(repeater.experiment)
    stagers = (root if fix_network else StageSNNSimulation(repeater.experiment, seed) for seed in repeater.seeds)
    return [stager.trial(noise_seed=seed) for stager, seed in zip(stagers, repeater.seeds, strict=True)]


def _sweep(duration: float, n: int, folder: Path, execution: Execution) -> None:
    run_sweep(new_sweep(duration, _LEVELS, n // len(_LEVELS)), folder, execution)


def _swept(duration: float, n: int) -> list[Trial]:
    sweep = new_sweep(duration, _LEVELS, n // len(_LEVELS))
    runs = (item.argument for item in Runs(sweep, repeats_outermost=False))
    return [
        StageSNNSimulation(experiment_at(sweep.experiment, run.point.values, run.seed)).trial(noise_seed=run.seed)
        for run in runs
    ]


class _KeepsSpikes(SNNBaseSweepRunner):
    """A sweep in Python that keeps what `sweep` keeps."""

    def _step(self, param: Any, idx: int, sweep_param: Any, **kwargs: Any) -> Any:
        del param, idx, sweep_param, kwargs
        spikes = self._sweep_object.run(record=("spikes",))["spikes"]
        return {"steps": spikes.steps, "neurons": spikes.neurons}

    def summary(self, results: list[Any], sweep_params: Any) -> None:
        """Nothing."""


def _sweep_in_python(experiment: Experiment, n: int, folder: Path, execution: Execution) -> None:
    how = {"executor": execution.executor, "max_workers": execution.max_workers}
    _KeepsSpikes().repeat(n // len(_LEVELS), folder, experiment, "arousal.level", _LEVELS, **how)


def _perturb(experiment: Experiment, n: int, folder: Path, execution: Execution) -> None:
    job = PairJob(StageSNNSimulation(experiment), n, _BEFORE_PAIRS, "float32")
    jobs.run(job, folder, execution)


def _paired(stager: StageSNNSimulation, n: int) -> list[Trial]:
    trials = []
    for seed in range(n):
        changed = stager.trial(noise_seed=seed)
        before = replace(changed, courses={}, n_steps=round(_BEFORE_PAIRS / changed.delta_t))
        trials += [before, replace(changed, courses={}), changed]
    return trials


def _compare(experiment: Experiment, n: int, folder: Path, execution: Execution) -> None:
    jobs.run(ComparisonJob(experiment, n, _SETTLING, None, "float32"), folder, execution)


def _compared(experiment: Experiment, n: int) -> list[Trial]:
    trials = _repeated(experiment, False, n)
    return [replace(trial, n_steps=trial.n_steps + round(_SETTLING / trial.delta_t)) for trial in trials]
