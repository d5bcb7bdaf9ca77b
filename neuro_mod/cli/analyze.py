"""``neuro-mod analyze``: metastable states in saved spikes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuro_mod.cli.analysis_options import (
    AUTO,
    After,
    AllClusters,
    AnalysisOut,
    AssemblyBin,
    Before,
    ChoiceOfNumber,
    Clusters,
    ClusterSizes,
    CountBin,
    CountedUnits,
    DropDuplicates,
    Dt,
    Duration,
    EventBin,
    Events,
    FanoWindow,
    FindAssemblies,
    FirstNeuron,
    FitSeed,
    GroupNames,
    HiddenMarkov,
    IgnoreColumns,
    KernelShape,
    KernelWidth,
    LowThreshold,
    MaxRestarts,
    Method,
    Milliseconds,
    MinimalLifespan,
    NAssemblies,
    NExcitatoryClusters,
    NNeurons,
    NRestarts,
    Plot,
    Reference,
    Session,
    Sort,
    Spikes,
    Start,
    Threshold,
    Trials,
    threshold_parameters,
)
from neuro_mod.cli.analysis_table import print_analysis
from neuro_mod.cli.event_options import given_events
from neuro_mod.cli.options import AsJson, Format, From, Style, To, given, look_of, print_results, whole_numbers

if TYPE_CHECKING:
    from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
    from neuro_mod.execution.analysis.around_events import EventOptions
    from neuro_mod.execution.figures import Look

#: Largest number of hidden states.
_MAX_HIDDEN_STATES = 9_999


def analyze(
    spikes: Spikes,
    out: AnalysisOut = None,
    method: Method = "two_state",
    threshold: Threshold = None,
    low_threshold: LowThreshold = None,
    kernel: KernelShape = "gaussian",
    kernel_width: KernelWidth = None,
    minimal_lifespan: MinimalLifespan = None,
    clusters: Clusters = None,
    cluster_sizes: ClusterSizes = None,
    n_excitatory_clusters: NExcitatoryClusters = None,
    all_clusters: AllClusters = False,
    dt: Dt = None,
    duration: Duration = None,
    start: Start = 0.0,
    sort: Sort = False,
    trials: Trials = True,
    ignore_columns: IgnoreColumns = False,
    drop_duplicates: DropDuplicates = False,
    milliseconds: Milliseconds = False,
    first_neuron: FirstNeuron = 0,
    n_neurons: NNeurons = None,
    find_assemblies: FindAssemblies = False,
    n_assemblies: NAssemblies = None,
    assembly_bin: AssemblyBin = None,
    hidden_markov: HiddenMarkov = None,
    criterion: ChoiceOfNumber = None,
    units: CountedUnits = None,
    count_bin: CountBin = None,
    seed: FitSeed = None,
    n_restarts: NRestarts = None,
    max_restarts: MaxRestarts = None,
    groups: GroupNames = None,
    reference: Reference = None,
    events: Events = None,
    before: Before = None,
    after: After = None,
    event_bin: EventBin = None,
    fano_window: FanoWindow = None,
    session: Session = 0,
    plot: Plot = True,
    file_format: Format = None,
    style: Style = None,
    t_from: From = None,
    t_to: To = None,
    as_json: AsJson = False,
) -> None:
    """Find metastable states in saved spikes: their active clusters, their durations, and the transitions between them.

    A state is a combination of active clusters. Every file spikes* of a folder is a session, and so is every
    file that is given, but NEST's files of one run are one session; no visit or transition extends over two of them.
    """
    from neuro_mod.checks import output_path, user_path
    from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
    from neuro_mod.errors import InputError, invalid
    from neuro_mod.execution.analysis.around_events import of_sessions
    from neuro_mod.execution.analysis.grouping import grouped, members_of, warn_of_points
    from neuro_mod.execution.analysis.save import analyse, default_folder
    from neuro_mod.recordings.layout import labels_of_sizes
    from neuro_mod.recordings.sessions import matching

    chosen: dict[str, Any] = {
        "kernel_width_ms": kernel_width,
        "minimal_lifespan_ms": minimal_lifespan,
        **threshold_parameters(method, {"--threshold": threshold, "--low-threshold": low_threshold}),
    }
    if clusters is not None and cluster_sizes is not None:
        raise invalid("--cluster-sizes", cluster_sizes, "no value with --clusters")
    of_model = {"--criterion": criterion, "--units": units, "--bin": count_bin}
    of_fits = {"--n-restarts": n_restarts, "--max-restarts": max_restarts}
    of_events = {"--before": before, "--after": after, "--event-bin": event_bin, "--fano-window": fano_window}
    has_model = hidden_markov is not None
    for needed, is_given, options in (
        ("--groups", groups is not None, {"--reference": reference}),
        ("--find-assemblies", find_assemblies, {"--n-assemblies": n_assemblies, "--assembly-bin": assembly_bin}),
        ("--hidden-markov", has_model, of_model | of_fits),
        ("--hidden-markov or --find-assemblies", has_model or find_assemblies, {"--seed": seed}),
        ("--events", events is not None, of_events),
    ):
        _refuse(f"without {needed}", {} if is_given else options)
    of_labels = {"--clusters": clusters, "--cluster-sizes": cluster_sizes}
    _refuse("with --find-assemblies", of_labels if find_assemblies else {})
    try:
        paths = [user_path(each) for each in spikes]
        members = [] if groups is None else members_of(paths, groups)
        files = [member.path for member in members] or [file for path in paths for file in matching(path)]
        if not members:
            warn_of_points(files)
        analyzer = Analyzer(
            files[0] if len(files) == 1 else files,
            clusters if cluster_sizes is None else labels_of_sizes("--cluster-sizes", cluster_sizes),
            dt,
            n_excitatory_clusters,
            state_clusters="all" if all_clusters else "excitatory",
            method=method,
            kernel=kernel,
            duration=duration,
            time_unit="ms" if milliseconds else "s",
            first_neuron=first_neuron,
            n_neurons=n_neurons,
            start=start,
            sort=sort,
            trials=trials,
            ignore_columns=ignore_columns,
            drop_duplicates=drop_duplicates,
            **given(chosen),
        )
    except FileNotFoundError as error:
        raise InputError(str(error)) from error
    if session >= analyzer.n_sessions:
        raise invalid("--session", session, f"a number from 0 to {analyzer.n_sessions - 1}")

    if find_assemblies:
        analyzer = _with_assemblies(analyzer, {"n_assemblies": n_assemblies, "bin_ms": assembly_bin, "seed": seed})
    if not analyzer.layout.has_clusters:
        advice = "give --clusters FILE or --cluster-sizes, or find groups of neurons by --find-assemblies"
        raise InputError(f"{files[0]}: no cluster labels found; {advice}")
    look = _checked(look_of(file_format, style, t_from, t_to), analyzer, session) if plot else None
    fits = {"criterion": criterion, "seed": seed, "units": units, "bin_ms": count_bin, "n_restarts": n_restarts}

    def fit() -> None:
        if hidden_markov is not None:
            _fit(analyzer, hidden_markov, given(fits | {"max_restarts": max_restarts}))

    place = output_path(out or default_folder(*(paths if members else files)))
    grouping, compared = grouped(analyzer, members, reference) if members else (None, None)
    around = None
    if events is not None:
        asked = _event_options(events, of_events.values())
        around = of_sessions(analyzer, asked, start, grouping)
    metadata = analyse(analyzer, place, session, look=look, events=around, groups=compared, before=fit)
    print_results(metadata, as_json, print_analysis)


def _checked(look: Look, analyzer: Analyzer, session: int) -> Look:
    """Refuse a window that is not in the shown session before anything is computed.

    Raises:
        InputError: It is not.
    """
    from neuro_mod.recordings.windows import window_of

    if look.t_from is not None or look.t_to is not None:
        window_of(analyzer.spikes(session).duration, look.t_from, look.t_to)
    return look


def _with_assemblies(analyzer: Analyzer, options: dict[str, Any]) -> Analyzer:
    """The analyzer with assemblies as clusters, found with these options.

    Raises:
        InputError: There are none.
    """
    from neuro_mod.errors import InputError

    found = analyzer.find_assemblies(**given(options))
    if not found.n_assemblies:
        why = (
            f"largest eigenvalue {found.eigenvalues[0]:.3g}; above {found.upper_bound:.3g} it is significant"
            if len(found.eigenvalues)
            else "the counts of no neuron vary"
        )
        advice = "try other bins by --assembly-bin, or more data"
        raise InputError(f"--find-assemblies: no assembly found; expected correlated neurons ({why}); {advice}")
    return analyzer.with_clusters(found)


def _refuse(when: str, options: dict[str, Any]) -> None:
    """Refuse options that do nothing.

    Raises:
        InputError: One was given.
    """
    from neuro_mod.errors import invalid

    for option, value in given(options).items():
        raise invalid(option, str(value) if isinstance(value, Path) else value, f"no value {when}")


def _event_options(events: str, options: Iterable[float | None]) -> EventOptions:
    """What to compute around events; options in the order of `EventOptions`, None for its default."""
    from neuro_mod.execution.analysis.around_events import EventOptions

    names = ("before", "after", "bin_ms", "fano_window_ms")
    return EventOptions(given_events(events), **given(dict(zip(names, options, strict=True))))


def _fit(analyzer: Analyzer, n_states: str, options: dict[str, Any]) -> None:
    """Fit the hidden Markov model that the command line asks for, with these options of `fit_hidden_markov`."""
    from neuro_mod.execution.progress import Counted, progress_shown

    example = f"a number of states such as 12, a range such as 5:30, or {AUTO}"
    numbers = (
        None
        if n_states == AUTO
        else whole_numbers("--hidden-markov", n_states, _MAX_HIDDEN_STATES + 1, example, least=1)
    )
    with progress_shown(100, quantity=Counted("fitted", "% of the hidden Markov models")) as report:
        analyzer.fit_hidden_markov(
            numbers,
            **options,
            report=lambda done, total: report(100 * done / total),
        )
