"""Repeated runs as a job: what each repeat saves, and what follows from all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import UnionType
from typing import Any, Self

from neuro_mod.checks import check_choice, whole_number
from neuro_mod.choices import Precision, SpikeFormat
from neuro_mod.config import Experiment, load_experiment
from neuro_mod.core.modulation import Baseline
from neuro_mod.core.random import MAX_SEED
from neuro_mod.execution.figures import Drawings, Look, captioned, save_figures
from neuro_mod.execution.jobs import Item, Job, JobFolder, Outcome
from neuro_mod.execution.progress import Progress
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.assembly import build_stimulus
from neuro_mod.execution.stagers.compiling import compile_for_workers
from neuro_mod.execution.stagers.outputs import SpikingOutputs, save_rates
from neuro_mod.execution.stagers.perturbations import saved_arrays, summary_line
from neuro_mod.execution.stagers.pictures import (
    PICTURES,
    check_plot_arg,
    chosen_pictures,
    drawings_of_perturbations,
    figure_names,
)
from neuro_mod.execution.stagers.spiking_net_metadata import describe_setup
from neuro_mod.recordings.saved import save_dense, save_spikes
from neuro_mod.storage.files import Files
from neuro_mod.storage.names import PERTURBATIONS, REPEATED_CLUSTERS, SEEDS, repeat_rates, repeat_spikes

#: How many repeats are drawn, from the first on.
DRAWN = 3
_DRAWN_FIGURES = (PICTURES["spikes"], PICTURES["rates"])
#: Results of a repeat that are saved.
_KEPT = ("spikes", "spike_counts", "rates", "perturbations", "metadata")
#: What differs from repeat to repeat, and of which type it is.
_OWN: dict[str, type | UnionType] = {
    "random_seed": int,
    "noise_seed": int,
    "n_spikes": int,
    "mean_rates_hz": dict,
    "mean_rates_by_kind_hz": dict,
    "active_clusters": float | None,
    "wall_seconds": dict,
    "real_time_factor": float,
}


class SimulateRepeat:
    """The task of a repeat.

    Args:
        stager: The configuration.
        dtype: Precision.
        fix_network: Whether all repeats have the network of the root seed.
    """

    def __init__(self, stager: StageSNNSimulation, dtype: Precision, fix_network: bool):
        self._stager, self._fix_network = stager, fix_network
        self._dtype: Precision = dtype

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Workers draw a fixed network again, which is faster than sending it."""
        return _simulate_repeat, (self._stager.experiment, self._dtype, self._fix_network)

    def __call__(self, seed: int, report: Progress) -> SpikingOutputs:
        """Simulate, and keep what is saved of the results."""
        stager = self._stager if self._fix_network else self._stager.with_seed(seed)
        outputs = stager.run(record=("spikes",), dtype=self._dtype, noise_seed=seed, progress=report)
        return outputs.only(_KEPT)


def _index(item: Item) -> int:
    return int(item.key.split()[0])


def _simulate_repeat(experiment: Experiment, dtype: Precision, fix_network: bool) -> SimulateRepeat:
    return SimulateRepeat(StageSNNSimulation(experiment), dtype, fix_network)


class RepeatJob(Job):
    """Runs of one configuration that differ in their seeds.

    Args:
        experiment: The configuration, with the seeds of drawn perturbations.
        seeds: Seed of each repeat.
        fix_network: Whether all repeats have the network of the root seed.
        plot_arg: Figures of the first repeats, as for `StageSNNSimulation.execute`, if ``settings.plot``.
        dtype: Precision.
        spike_format: Files of spikes: ``dense`` arrays or ``events``.
    """

    nouns = ("repeat", "repeats")
    keeps_others = False
    kinds = {"repeat": int} | _OWN

    def __init__(
        self,
        experiment: Experiment,
        seeds: Sequence[int],
        fix_network: bool,
        plot_arg: str,
        dtype: Precision,
        spike_format: SpikeFormat = "dense",
    ):
        experiment.check_precision(dtype)
        #: The configuration, and which figures are drawn.
        self.experiment, self.plot_arg = experiment, plot_arg
        self._seeds = seeds
        self._spike_format: SpikeFormat = spike_format
        self.arguments = {
            "config": experiment.resolved(),
            "seeds": list(seeds),
            "fix_network": fix_network,
            "plot_arg": plot_arg,
            "dtype": dtype,
            "spike_format": spike_format,
        }
        stager = StageSNNSimulation(experiment)
        init = experiment.init_params
        self._n_steps, self._delta_t = round(init.duration_sec / init.delta_t), init.delta_t
        self._baseline: Baseline = stager.baseline
        self._perturbations = stager.perturbations_over(self._n_steps, self._delta_t)
        duration, root = init.duration_sec, experiment.settings.random_seed
        items = [Item(f"{index} {seed}", f"repeat {index}", seed, seed, duration) for index, seed in enumerate(seeds)]
        stimulus = None  # each repeat has its own, unless the network is fixed
        if fix_network:
            stimulus = build_stimulus(experiment, stager.circuit, root, 0, self._n_steps, self._delta_t)
        given = {target: (course, False) for target, course in self._perturbations.items()}
        super().__init__(
            "repeats",
            experiment,
            items,
            SimulateRepeat(stager, dtype, fix_network),
            # dense arrays are in no plan of earlier versions
            {"fix_network": fix_network, "dtype": dtype}
            | ({} if spike_format == "dense" else {"spike_format": spike_format}),
            {
                "random_seed": root,
                "fix_network": fix_network,
                **describe_setup(experiment, given, self._n_steps, dtype, stimulus=stimulus),
            },
        )

    @classmethod
    def again(cls, arguments: Mapping[str, Any]) -> Self:
        """See `Job.again`."""
        given = dict(arguments)
        check_plot_arg(given["plot_arg"])
        check_choice("dtype", given["dtype"], Precision)
        check_choice("spike_format", given["spike_format"], SpikeFormat)
        for seed in given["seeds"]:
            whole_number("seeds", seed, 0, MAX_SEED)
        return cls(load_experiment(given.pop("config")), **given)

    def remarks(self) -> list[str]:
        """The perturbations of all repeats."""
        acting = self.description["perturbations"].items()
        return [f"perturbation of {target}: {summary_line(target, about)}" for target, about in acting]

    def prepare(self, folder: JobFolder) -> None:
        """Save seeds, populations, and perturbations."""
        folder.save_text(SEEDS, "".join(f"{seed}\n" for seed in self._seeds))
        folder.save_array(REPEATED_CLUSTERS, self._baseline.populations.of_neuron)
        if self._perturbations:
            arrays = saved_arrays(self._perturbations, self.experiment.timed_perturbations, self._delta_t)
            folder.save_arrays(PERTURBATIONS, **arrays)

    def compile(self) -> None:
        """See `Job.compile`."""
        compile_for_workers(self.experiment, self.arguments["dtype"])

    def save(self, files: Files, item: Item, result: SpikingOutputs) -> dict[str, Any]:
        """Save spikes and rates of a repeat."""
        index = _index(item)
        save = save_dense if self._spike_format == "dense" else save_spikes
        save(files, result["spikes"], repeat_spikes(index, self._spike_format))
        save_rates(files, result, repeat_rates(index))
        return {"repeat": index} | {key: result["metadata"][key] for key in _OWN}

    def is_drawn(self, item: Item) -> bool:
        """Only the first repeats are."""
        drawn = self.experiment.settings.plot and not figure_names(self.plot_arg).isdisjoint(_DRAWN_FIGURES)
        return drawn and _index(item) < DRAWN

    def draw(self, files: Files, item: Item, result: SpikingOutputs) -> None:
        """Save the figures of a repeat."""
        drawings = {name: draw for name, draw in result.drawings().items() if name in _DRAWN_FIGURES}
        self._draw(files, captioned(drawings, f"repeat {_index(item)}"), f"_{_index(item):04d}")

    def summary(self, about: Mapping[str, Any]) -> str:
        """Mean rates."""
        return ", ".join(f"{kind} {rate:.2f} Hz" for kind, rate in about["mean_rates_by_kind_hz"].items())

    def conclude(self, folder: JobFolder, outcome: Outcome) -> dict[str, Any]:
        """Draw the perturbations, and gather the metadata of the repeats."""
        if self._perturbations and not outcome.interrupted:
            acting = (self._perturbations, self._baseline, self._n_steps, self._delta_t)
            self._draw(folder, drawings_of_perturbations(*acting))
        repeats = sorted((entry.about for entry in folder.entries()), key=lambda about: about["repeat"])
        return {"repeats": [dict(about) for about in repeats]}

    def _draw(self, files: Files, drawings: Drawings, suffix: str = "") -> None:
        settings = self.experiment.settings
        if settings.plot:
            save_figures(files.save, chosen_pictures(drawings, self.plot_arg, suffix), Look.of(settings))
