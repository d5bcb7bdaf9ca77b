"""``neuro-mod tune``: find potentiation and external rate at which a network is metastable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuro_mod.choices import Closure, ResponseKind
from neuro_mod.cli.long_work import long_work
from neuro_mod.cli.options import (
    AsJson,
    Config,
    Dtype,
    Format,
    MaxWorkers,
    Overrides,
    Seed,
    Style,
    figure_settings,
    file,
    load,
    named,
    print_json,
    print_rows,
    print_table,
    print_text,
    seconds,
    whole_numbers,
)

if TYPE_CHECKING:
    from neuro_mod.config import Experiment
    from neuro_mod.core.mean_field.core.theory import Theory
    from neuro_mod.execution.tuning.search import Tuning, TuningOptions

#: Exit code where nothing is as wanted.
NOT_FOUND = 1


def tune(
    config: Config,
    active: Annotated[
        str, typer.Option(metavar="K", help="Number of active clusters that is wanted, or several as 1,2 or 1..3.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", parser=file, help="Configuration to write [NAME_tuned.yaml].")
    ] = None,
    trials: Annotated[
        int, typer.Option(metavar="N", min=1, help="Simulations of the check, each of a network of its own.")
    ] = 3,
    duration: Annotated[float, typer.Option(metavar="S", parser=seconds, help="Simulated seconds of each.")] = 30.0,
    switches: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Fewest switches in each of them [20 in 30 s].")
    ] = None,
    response: Annotated[
        ResponseKind | None,
        typer.Option(
            help="How neurons respond to noise: to first order, or exactly [mean_field.response if set; exact]."
        ),
    ] = None,
    closure: Annotated[
        Closure | None,
        typer.Option(help="Spike trains that neurons receive from each other [mean_field.closure if set; renewal]."),
    ] = None,
    seed: Seed = None,
    overrides: Overrides = None,
    max_workers: MaxWorkers = None,
    keep_closest: Annotated[
        bool, typer.Option("--keep-closest", help="Also write a configuration that is not as wanted, the closest one.")
    ] = False,
    dtype: Dtype = "float32",
    file_format: Format = None,
    style: Style = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find the potentiation and the external rate at which K clusters are active at a time, and change.

    Searches J+ of E→E weights and a factor on all external rates: by mean field, a state with K active clusters is to
    be stable and the uniform one not; then by simulation. Writes the configuration with its comments, and a map of the
    search beside it. Without success it says what came closest, writes nothing, and ends with exit code 1.
    """
    from neuro_mod.checks import output_file
    from neuro_mod.config.loading import located
    from neuro_mod.execution.tuning.results import TuningFiles, describe_tuning
    from neuro_mod.execution.tuning.search import TuningOptions

    experiment = load(config, overrides, seed, figures=figure_settings(file_format, style))
    source = located(named(config))
    files = TuningFiles(out or output_file(f"{Path(config).stem}_tuned.yaml"), experiment, replace=force)
    p = experiment.populations.n_clusters
    wanted = whole_numbers("--active", active, max(p, 2), "numbers like 2, 1,2 or 1..3", least=1)
    theory = _theory(experiment, response, closure)
    options = TuningOptions(frozenset(wanted), theory, trials, duration, switches, dtype)
    tuning = _searched(experiment, options, max_workers)
    written = files.save(tuning, source) if tuning.found or keep_closest else []
    _print_outcome(describe_tuning(tuning), written, as_json=as_json)
    if not tuning.found:
        raise typer.Exit(NOT_FOUND)


def _searched(experiment: Experiment, options: TuningOptions, max_workers: int | None) -> Tuning:
    """Search, showing the progress."""
    from neuro_mod.execution.tuning.search import tune as search

    with long_work():
        try:
            return search(experiment, options, n_threads=max_workers, progress=True)
        except KeyboardInterrupt as error:
            error.add_note("nothing is written; a search starts anew")
            raise


def _theory(experiment: Experiment, response: str | None, closure: str | None) -> Theory:
    """That of the options, else that which the configuration sets, else that which is nearest to simulations."""
    from neuro_mod.core.mean_field.core.theory import Theory

    chosen = {"response": "exact", "closure": "renewal"}
    section = experiment.mean_field
    chosen |= {name: getattr(section, name) for name in chosen if name in section.model_fields_set}
    chosen |= {name: value for name, value in (("response", response), ("closure", closure)) if value}
    return Theory(**chosen)  # pyright: ignore[reportArgumentType]


def _print_outcome(metadata: Mapping[str, Any], written: Sequence[Path], *, as_json: bool) -> None:
    if as_json:
        print_json({**metadata, "files": list(map(str, written))})
        return
    _print_tuning(metadata)
    for path in written:
        typer.echo(path)


def _print_tuning(metadata: Mapping[str, Any]) -> None:
    p, wanted = metadata["n_clusters"], metadata["wanted_active"]
    response, closure = metadata["theory"].split("/")
    trials, switches = metadata["n_trials"], metadata["fewest_switches"]
    print_rows(
        {
            "wanted": f"{_listed(wanted)} of {p} clusters active for at least "
            f"{100 * metadata['least_share_of_time']:g} % of the time, and at least {switches} "
            f"switch{'es' * (switches > 1)} in {metadata['duration_sec']:g} s in each of {trials} "
            f"network{'s' * (trials > 1)}",
            "theory": f"{response} response, {closure} input",
        }
    )
    typer.echo()
    start, best = metadata["start"], metadata["best"]
    rows = [_row("as configured", start)]
    rows += [_row("tried, one network", each) for each in _best_scouts(metadata)]
    if best != start:
        rows.append(_row("found" if metadata["found"] else "closest", best))
    share = f"time with {_listed(wanted)}"
    print_table(["", "J+ of E→E", "external", "stable", "| active", share, "switches", "lifespan in s"], rows)
    print_text(
        "stable: numbers of active clusters whose states are stable in theory; right of it, simulations; lifespan: "
        "mean of visits seen from start to end"
    )
    typer.echo()
    if metadata["found"]:
        print_text(
            "The configuration itself is as wanted; nothing is changed."
            if best == start
            else f"Found: j_potentiated: {_shown(best['j_potentiated'])}, nu_ext_baseline: "
            f"{_shown(best['nu_ext_baseline'])}"
        )
        return
    print_text("Nothing found that is as wanted. What came closest falls short:")
    for reason in best["shortcomings"]:
        print_text(f"- {reason}", "  ")
    for found in metadata["maps"]:
        print_text(_summary(found, wanted))


def _best_scouts(metadata: Mapping[str, Any]) -> list[dict[str, Any]]:
    """At each external rate the point with the wanted number active for the longest time, fewest shortcomings first."""
    best: dict[float, dict[str, Any]] = {}
    for each in metadata["scouts"]:
        other = best.get(each["rate_factor"])
        if other is None or _order(each) < _order(other):
            best[each["rate_factor"]] = each
    return [best[factor] for factor in sorted(best)]


def _order(scout: Mapping[str, Any]) -> tuple[int, float]:
    return len(scout["shortcomings"]), -scout["trials"][0]["share_of_time"]


def _row(label: str, found: Mapping[str, Any]) -> list[str]:
    trials = found["trials"]
    stable = ["uniform"] * found["uniform_stable"] + [str(number) for number in found["stable_active"]]
    return [
        label,
        f"{found['j_potentiated'][0]:.4g}",
        f"x {found['rate_factor']:g}",
        ", ".join(stable) or "none",
        _range([each["n_active"] for each in trials], ".2f"),
        _range([100 * each["share_of_time"] for each in trials], ".0f") + " %",
        _range([each["n_switches"] for each in trials], "d"),
        _range([each["mean_lifespan_sec"] for each in trials], ".2g"),
    ]


def _range(values: Sequence[float | None], form: str) -> str:
    """Smallest and largest value of those that are known."""
    known = [value for value in values if value is not None]
    ends = [format(end(known), form) for end in (min, max)] if known else ["-"]
    return " to ".join(dict.fromkeys(ends))


def _summary(found: Mapping[str, Any], wanted: Sequence[int]) -> str:
    """What the mean field says on a grid, on a few lines."""
    others = "with the other potentiations of the published network" if found["others_published"] else "as configured"
    kinds = {
        "only the uniform state stable": found["n_only_uniform"],
        f"{_listed(wanted)} active stable, but the uniform state too": found["n_wanted_beside_uniform"],
        f"{_listed(wanted)} active stable and the uniform state not": found["n_wanted"],
        "unknown": found["n_unknown"],
    }
    counts = "; ".join(f"{kind}: {number}" for kind, number in kinds.items() if number)
    also = found["active_without_uniform"]
    return (
        f"mean field, {others}, at {found['n_points']} points with J+ from {found['potentiations'][0]:.3g} to "
        f"{found['potentiations'][-1]:.3g} and external rates times {found['rate_factors'][0]:g} to "
        f"{found['rate_factors'][-1]:g}: {counts or 'none of these'}"
        + (f"; stable where the uniform state is not: {_listed(also)} active" if also else "")
    )


def _listed(numbers: Sequence[int]) -> str:
    if len(numbers) > 2 and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]} to {numbers[-1]}"
    return " or ".join(map(str, numbers))


def _shown(value: Any) -> str:
    from neuro_mod.errors import show

    return show(value)
