"""Options of ``neuro-mod analyze``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuro_mod.choices import Criterion, DetectionMethod, Kernel, UnitKind
from neuro_mod.cli.options import folder, seconds

#: Text in place of the numbers of hidden states, which chooses among many.
AUTO = "auto"
#: Options that not all methods have, and the parameters of the methods that have them.
_THRESHOLDS: dict[str, dict[DetectionMethod, str]] = {
    "--threshold": {"gain": "threshold_hz", "network_gain": "threshold_hz", "threshold": "high_hz"},
    "--low-threshold": {"threshold": "low_hz"},
}

Spikes = Annotated[
    list[Path],
    typer.Argument(
        metavar="DIR", help="Folder of a run, or any folders or files of spikes; a pattern such as 'a/*.csv'."
    ),
]
AnalysisOut = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        parser=folder,
        help="Folder for the analysis [analysis/ in that of the run; of a file, analysis_NAME/; of several, "
        "analysis_FIRST_and_N_more/].",
    ),
]
Method = Annotated[DetectionMethod, typer.Option(help="Method for detecting active clusters.")]
Threshold = Annotated[
    float | None,
    typer.Option(metavar="HZ", help="Threshold of the methods threshold, gain and network_gain [20, 10 and 1]."),
]
LowThreshold = Annotated[
    float | None,
    typer.Option(metavar="HZ", help="With --method threshold: activity lasts while the rate is above this."),
]
KernelShape = Annotated[Kernel, typer.Option(help="Smoothing kernel of the rates.")]
KernelWidth = Annotated[float | None, typer.Option(metavar="MS", help="Its width in ms.")]
MinimalLifespan = Annotated[
    float | None, typer.Option(metavar="MS", help="Shorter visits are merged with their neighbours.")
]
Clusters = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Cluster label of each neuron: an .npy file, or a CSV file with a column of labels or columns "
        "neuron,cluster [that of the run].",
    ),
]
ClusterSizes = Annotated[
    str | None,
    typer.Option(metavar="SIZES", help="Sizes of the clusters in their order, such as 18x80,160,18x20,40."),
]
NExcitatoryClusters = Annotated[
    int | None, typer.Option(metavar="N", help="How many of the smallest labels are excitatory clusters.")
]
AllClusters = Annotated[
    bool, typer.Option("--all-clusters", help="Inhibitory clusters and backgrounds define states too.")
]
Dt = Annotated[float | None, typer.Option(metavar="S", parser=seconds, help="Time step in s [of the run, or 0.0005].")]
Duration = Annotated[
    float | None,
    typer.Option(metavar="S", parser=seconds, help="Length of a session in s, for spikes that are stored as times."),
]
Start = Annotated[
    float,
    typer.Option(metavar="S", parser=seconds, help="Begin of each session in s; earlier spikes are left out."),
]
Sort = Annotated[
    bool, typer.Option("--sort", help="Sort spike times that are out of order; they are refused otherwise.")
]
Trials = Annotated[
    bool,
    typer.Option(
        "--trials/--no-trials", help="The trials of an NWB file, or of a column trial or session, are sessions."
    ),
]
IgnoreColumns = Annotated[
    bool,
    typer.Option(
        "--ignore-columns", help="Leave out other columns beside times and neurons; those that vary are refused."
    ),
]
DropDuplicates = Annotated[
    bool,
    typer.Option("--drop-duplicates", help="Keep one of the spikes of the same neuron at the same time."),
]
Milliseconds = Annotated[bool, typer.Option("--milliseconds", help="Spike times are in ms, not in s.")]
NNeurons = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Number of neurons, for spikes that are stored as times [up to the last]."),
]
FirstNeuron = Annotated[int, typer.Option(metavar="N", help="Number of the first neuron, 1 in data from MATLAB.")]
HiddenMarkov = Annotated[
    str | None,
    typer.Option(
        metavar="N",
        help="Fit a hidden Markov model of 12 states, or of the best number among 5:30 (30 is left out), 4,8,16 or "
        f"{AUTO} (2 to 96).",
    ),
]
ChoiceOfNumber = Annotated[Criterion | None, typer.Option(help="How the number of its states is chosen. [bic]")]
FitSeed = Annotated[
    int | None,
    typer.Option(metavar="N", min=0, help="Random seed of its fits, and of the halves of --find-assemblies [0]."),
]
CountedUnits = Annotated[
    UnitKind | None,
    typer.Option(help="Units whose spikes the hidden Markov model counts: clusters, or their neurons. [clusters]"),
]
CountBin = Annotated[
    float | None, typer.Option("--bin", metavar="MS", help="Bins in which it counts spikes, in ms [20].")
]
NRestarts = Annotated[int | None, typer.Option(metavar="N", min=1, help="Least number of starts of a fit [5].")]
MaxRestarts = Annotated[
    int | None,
    typer.Option(metavar="N", help="Most starts of a fit, which end when two found the best [four times the least]."),
]
FindAssemblies = Annotated[
    bool,
    typer.Option(
        "--find-assemblies", help="Find groups of neurons by their correlations; they are the clusters, without labels."
    ),
]
NAssemblies = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Their number [chosen by how well they are separated].")
]
AssemblyBin = Annotated[
    float | None, typer.Option(metavar="MS", help="Bins of the counts that are correlated, in ms [50].")
]
GroupNames = Annotated[
    str | None,
    typer.Option(
        "--groups",
        metavar="NAMES",
        help="Compare groups: a name for each DIR, such as base,base,high; columns of the table of a sweep; or names "
        "of files in a DIR, such as '{group}_{network}_*.npz'.",
    ),
]
Reference = Annotated[
    str | None, typer.Option(metavar="GROUP", help="Group that the others are compared with [the first].")
]
Events = Annotated[
    str | None,
    typer.Option(
        metavar="EVENTS",
        help="Average over trials around events: stimulus (its onsets), times in s such as 0.5,1.0 (the same in every "
        "session), or a CSV file with the columns session, time and, optionally, condition.",
    ),
]
Before = Annotated[
    float | None, typer.Option(metavar="S", parser=seconds, help="With --events: seconds before an event [0.5].")
]
After = Annotated[
    float | None, typer.Option(metavar="S", parser=seconds, help="With --events: seconds after an event [1].")
]
EventBin = Annotated[float | None, typer.Option(metavar="MS", help="With --events: bins of rates in ms [10].")]
FanoWindow = Annotated[
    float | None, typer.Option(metavar="MS", help="With --events: windows of Fano factors in ms [100].")
]
Session = Annotated[int, typer.Option(metavar="K", min=0, help="Session that figures over time show.")]
Plot = Annotated[bool, typer.Option("--plot/--no-plot", help="Draw figures.")]


def threshold_parameters(method: DetectionMethod, given: dict[str, float | None]) -> dict[str, float]:
    """Parameters of a method from the options ``--threshold`` and ``--low-threshold`` that were given.

    Raises:
        InputError: The method has no such option.
    """
    from neuro_mod.errors import invalid

    for option, value in given.items():
        methods = _THRESHOLDS[option]
        if value is not None and method not in methods:
            raise invalid(option, value, f"no value with --method {method}", f"use --method {' or '.join(methods)}")
    return {_THRESHOLDS[option][method]: value for option, value in given.items() if value is not None}
