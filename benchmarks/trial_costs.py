"""Where the time of a trial of ``neuro-mod repeat`` goes, part by part on one thread."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from benchmarks.default_network import load_default, timed
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.execution.jobs import Item, JobFolder
from neuro_mod.execution.jobs.ledger import Entry
from neuro_mod.execution.repeats.job import DRAWN, RepeatJob
from neuro_mod.execution.stagers import StageSNNSimulation

#: The parts that drawing and laying out a network take.
NETWORK = ("drawing the network", "laying out its synapses")


def trial_costs(duration: float, n_trials: int, folder: Path) -> dict[str, float]:
    """Median seconds of each part of so many trials, each in a network of its own.

    Args:
        duration: Simulated seconds.
        n_trials: Number of trials.
        folder: Results are saved here.
    """
    experiment = load_default({"init_params.duration_sec": duration, "settings.plot": False})
    stager = StageSNNSimulation(experiment)
    job = RepeatJob(experiment, range(DRAWN + n_trials), False, "none", "float32")
    job_folder = JobFolder(folder, job.identity, kinds=job.kinds)
    job_folder.begin()
    each = [_costs(job, stager, job_folder, item) for item in job.items[DRAWN:]]
    return {part: median(costs[part] for costs in each) for part in each[0]}


def _costs(job: RepeatJob, first_stager: StageSNNSimulation, folder: JobFolder, item: Item) -> dict[str, float]:
    seed = item.argument
    new, stager = timed(lambda: first_stager.with_seed(seed))
    drawing, _ = timed(lambda: stager.network)
    staging, trial = timed(lambda: stager.trial(noise_seed=seed))
    staging_again, _ = timed(lambda: stager.trial(noise_seed=seed))  # the network is known by its fingerprint
    first, _ = timed(lambda: simulate(trial.until(0)))
    again, _ = timed(lambda: simulate(trial.until(0)))
    whole, _ = timed(lambda: simulate(trial))
    run, outputs = timed(lambda: stager.run(record=("spikes",), noise_seed=seed))
    files = folder.files_of_item()
    saving, about = timed(lambda: job.save(files, item, outputs))
    ledger, _ = timed(lambda: folder.finished(Entry(item.key, files.records, about)))
    return {
        "another seed": new,
        NETWORK[0]: drawing,
        NETWORK[1]: first - again,
        "staging": staging,
        "setting up the loop": again,
        "simulating": whole - again,
        "rates, metadata": run - whole - staging_again,
        "saving": saving,
        "ledger": ledger,
    }
