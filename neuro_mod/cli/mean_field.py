"""``neuro-mod mean-field``: steady states, landscapes, bifurcations, sensitivities and spectra of the mean field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from neuro_mod.cli.failures import plain_failures
from neuro_mod.cli.options import (
    AsJson,
    Config,
    Force,
    InputClosure,
    Out,
    Overrides,
    Response,
    Seed,
    given,
    load,
    print_results,
    print_rows,
    print_table,
    seconds,
    whole_numbers,
)
from neuro_mod.cli.response_table import table

app = typer.Typer(
    help="The mean field of a configuration: steady states, landscapes, bifurcations, sensitivities, spectra.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

app.command("table")(plain_failures()(table))

Time = Annotated[
    float | None,
    typer.Option(metavar="S", parser=seconds, help="Time at which perturbations are taken [each at its onset]."),
]
NZ = Annotated[
    int,
    typer.Option(metavar="Q", min=1, help="Values of z, which spreads arousal, over which responses are averaged."),
]

Active = Annotated[
    str | None, typer.Option(metavar="N,N:M", help="Numbers of active clusters of the states, as 0,1,3 or 0:6 [all].")
]
Targets = Annotated[
    str | None,
    typer.Option(metavar="NAME,NAME", help="Perturbed parameters, as rate,threshold; also differentiate by them."),
]

#: Rows of printed tables, at most; the files have all.
_ROWS = 12
#: States whose sensitivities are printed, at most.
_STATES = 3


@app.command("fixed-points")
@plain_failures()
def fixed_points(
    config: Config,
    starts: Annotated[int, typer.Option(metavar="N", min=0, help="Number of random starts.")] = 100,
    out: Out = None,
    seed: Seed = None,
    overrides: Overrides = None,
    time: Time = None,
    n_z: NZ = 1,
    response: Response = None,
    closure: InputClosure = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Find all steady states, with their stability."""
    from neuro_mod.execution.stagers import FullMeanFieldStager

    experiment = load(config, overrides, seed, response=response, closure=closure)
    stager = FullMeanFieldStager(experiment, perturbation_time=time, n_z=n_z)
    print_results(stager.execute(n_runs=starts, out=out, force=force)["metadata"], as_json, _print_states)


def _print_theory(metadata: dict[str, Any]) -> None:
    typer.echo(f"theory: {metadata['response']} response, {metadata['closure']} input")


def _print_states(metadata: dict[str, Any]) -> None:
    _print_theory(metadata)
    states = metadata["states"][:_ROWS]
    alike = all(state["active"] == list(range(state["n_active"])) for state in metadata["states"])
    active = [str(each["n_active"]) if alike else ",".join(map(str, each["active"])) or "none" for each in states]
    kinds, images = [state["kind"] for state in states], [str(state["multiplicity"]) for state in states]
    rates, leading = (
        _columns_of_groups(states, "_hz", ".3f"),
        [f"{state['leading_eigenvalue'][0]:.2f}" for state in states],
    )
    print_table(
        ["state", "active", "images", *rates, "eigenvalue"],
        list(zip(kinds, active, images, *rates.values(), leading, strict=True)),
    )
    hidden = len(metadata["states"]) - len(states)
    more = f"; {hidden} more states in fixed_points.csv" if hidden else ""
    typer.echo(f"mean rates in Hz; leading eigenvalue, real part, in 1/s{more}")
    cvs = _columns_of_groups(states, "_cv", ".3f")
    if any(map(any, cvs.values())):
        typer.echo()
        print_table(["CV of intervals", "active", *cvs], list(zip(kinds, active, *cvs.values(), strict=True)))
    found = f"{metadata['n_distinct']} distinct, {metadata['n_stable']} stable"
    typer.echo(f"steady states: {found}. Searched: {metadata['searched']}.")


def _columns_of_groups(states: Sequence[dict[str, Any]], ending: str, form: str) -> dict[str, list[str]]:
    """Cells of each group of neurons by its name."""
    keys = [key for key in states[0] if key.endswith(ending)] if states else []
    cells = {key.removesuffix(ending): [each[key] for each in states] for key in keys}
    return {group: ["" if each is None else format(each, form) for each in column] for group, column in cells.items()}


@app.command("landscape")
@plain_failures()
def landscape(
    config: Config,
    focus: Annotated[str, typer.Option(metavar="POPS", help="Focus populations, by index or name.")] = "E0,E1",
    grid_density: Annotated[float, typer.Option(metavar="HZ", help="Distance between grid points.")] = 0.5,
    grid_lims: Annotated[tuple[float, float], typer.Option(metavar="HZ HZ", help="Lowest and highest rate.")] = (0, 60),
    path: Annotated[
        str,
        typer.Option(
            metavar="PATH", help="Path of the potential: minimum_force, straight, or rates in Hz like 5,52:30,30:52,5."
        ),
    ] = "minimum_force",
    targets: Targets = None,
    out: Out = None,
    seed: Seed = None,
    overrides: Overrides = None,
    time: Time = None,
    n_z: NZ = 1,
    response: Response = None,
    closure: InputClosure = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Compute the landscape that focus populations see, all others in equilibrium with them."""
    from neuro_mod.execution.stagers import ReducedMeanFieldStager

    experiment = load(config, overrides, seed, response=response, closure=closure)
    stager = ReducedMeanFieldStager(experiment, perturbation_time=time, n_z=n_z)
    outputs = stager.execute(
        focus_pops=_populations(focus),
        grid_density=grid_density,
        grid_lims=grid_lims,
        path=_path(path),
        progress=True,
        out=out,
        force=force,
        **given({"targets": _names(targets)}),
    )
    print_results(outputs["metadata"], as_json, _print_landscape)


def _print_landscape(metadata: dict[str, Any]) -> None:
    _print_theory(metadata)
    names = metadata["focus_pops"]
    print_table(
        ["state", "kind", "all populations", "on the grid", *names],
        [
            [
                str(index),
                state["kind"],
                state["full_kind"],
                "yes" if state["on_grid"] else "NO",
                *(f"{state[f'{name}_hz']:.3f}" for name in names),
            ]
            for index, state in enumerate(metadata["states"])
        ],
    )
    typer.echo("rates in Hz; kinds with all other populations in equilibrium, and with all in motion")
    typer.echo(f"states were {metadata['searched']}")
    typer.echo("on the grid: the others are in the equilibrium that the grid has there")
    rows = {
        f"barrier, state {barrier['well']} to saddle {barrier['saddle']}": f"{barrier['height_hz2']:.5g} Hz^2"
        for barrier in metadata["barriers"]
    }
    rows["potential along"] = f"the {metadata['path']}; {metadata['quadrature']}"
    points = metadata["grid_points"]
    for key, label in (("unknown", "not found"), ("ambient_unstable", "unstable")):
        if number := metadata[f"grid_points_{key}"]:
            rows[f"others' equilibrium {label}"] = f"at {number} of {points} grid points"
    for where in ("grid", "path"):
        if number := metadata[f"jumps_on_{where}"]:
            rows[f"others jump on the {where}"] = f"between {number} pairs of neighbouring points"
    rows["largest curl"] = f"{metadata['largest_curl']:.3g} (0 for a gradient: else the potential depends on the path)"
    print_rows(rows)
    barriers = [f"{each['well']} to {each['saddle']}" for each in metadata["barriers"]]
    _print_derivatives(
        "barrier", barriers, metadata["barrier_sensitivities"], "Hz^2 per unit; barrier_sensitivities.csv"
    )


@app.command("bifurcation")
@plain_failures()
def bifurcation(
    config: Config,
    lower: Annotated[float, typer.Option("--from", metavar="VALUE", help="Smallest value of the parameter.")],
    upper: Annotated[float, typer.Option("--to", metavar="VALUE", help="Largest value.")],
    parameter: Annotated[
        str, typer.Option(metavar="KEY", help="A number of the configuration, as in --set: arousal.level, ...")
    ] = "architecture.clusters.j_potentiated[0]",
    active: Active = None,
    values: Annotated[
        int, typer.Option(metavar="N", min=2, help="Number of parameter values at which states are searched for.")
    ] = 5,
    targets: Targets = None,
    out: Out = None,
    seed: Seed = None,
    overrides: Overrides = None,
    time: Time = None,
    n_z: NZ = 1,
    response: Response = None,
    closure: InputClosure = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Follow steady states over a parameter, with folds and losses of symmetry."""
    from neuro_mod.execution.stagers import BifurcationStager

    experiment = load(config, overrides, seed, response=response, closure=closure)
    stager = BifurcationStager(experiment, perturbation_time=time, n_z=n_z)
    n_clusters = stager.circuit.populations.n_clusters
    followed = _numbers_of_clusters(active, n_clusters)
    outputs = stager.execute(
        parameter=parameter,
        limits=(lower, upper),
        n_active=followed,
        n_values=values,
        out=out,
        force=force,
        **given({"targets": _names(targets)}),
    )
    print_results(outputs["metadata"], as_json, _print_branches)


def _print_branches(metadata: dict[str, Any]) -> None:
    _print_theory(metadata)
    print_table(
        ["branch", "active", "images", "from", "to", "stable", "ends"],
        [
            [
                str(number),
                ",".join(map(str, branch["n_active"])),
                str(branch["multiplicity"]),
                f"{branch['from']:.6g}",
                f"{branch['to']:.6g}",
                ", ".join(f"{begin:.6g} to {end:.6g}" for begin, end in branch["stable"]) or "nowhere",
                ", ".join(branch["ends"]),
            ]
            for number, branch in enumerate(metadata["branches"])
        ],
    )
    typer.echo()
    print_table(
        ["critical point", "branch", metadata["parameter"], "eigenvalues"],
        [
            [point["kind"], str(point["branch"]), f"{point['parameter']:.8g}", str(point["eigenvalues"])]
            for point in metadata["critical_points"]
        ],
    )
    typer.echo(f"branches: {len(metadata['branches'])}; {metadata['searched']}.")
    folds = [f"{each['parameter']:.8g}" for each in metadata["critical_points"] if each["kind"] == "fold"]
    unit = f"{metadata['parameter']} per unit; fold_sensitivities.csv"
    _print_derivatives("fold at", folds, metadata["fold_sensitivities"], unit)


@app.command("sensitivity")
@plain_failures()
def sensitivity(
    config: Config,
    targets: Annotated[
        str | None,
        typer.Option(metavar="NAME,NAME", help="Perturbed parameters, as rate,arousal_level [all 13]."),
    ] = None,
    active: Active = None,
    states: Annotated[str, typer.Option(metavar="stable|all", help="Which steady states.")] = "stable",
    starts: Annotated[int, typer.Option(metavar="N", min=0, help="Number of random starts.")] = 100,
    out: Out = None,
    seed: Seed = None,
    overrides: Overrides = None,
    time: Time = None,
    n_z: NZ = 1,
    response: Response = None,
    closure: InputClosure = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Compute how rates and eigenvalues of steady states change with a perturbation of each population."""
    from neuro_mod.execution.stagers import SensitivityStager

    experiment = load(config, overrides, seed, response=response, closure=closure)
    stager = SensitivityStager(experiment, perturbation_time=time, n_z=n_z)
    outputs = stager.execute(
        targets=_names(targets),
        n_active=_numbers_of_clusters(active, stager.circuit.populations.n_clusters),
        states=states,
        n_runs=starts,
        out=out,
        force=force,
    )
    print_results(outputs["metadata"], as_json, _print_sensitivities)


def _print_sensitivities(metadata: dict[str, Any]) -> None:
    _print_theory(metadata)
    shown = metadata["states"][:_STATES]
    for index, state in enumerate(shown):
        leading = f"{state['leading_eigenvalue'][0]:.2f} 1/s" + f", {state['leading_repeats']} times" * (
            state["leading_repeats"] > 1
        )
        typer.echo(f"state {index}: {state['kind']}, {state['n_active']} active, leading eigenvalue {leading}")
        effects = [each for each in metadata["effects"] if each["state"] == index and each["group"].startswith("E ")]
        groups = [key for key in effects[0] if key.endswith("_hz")] if effects else []
        print_table(
            ["target", "unit", "perturbed", *(key.removesuffix("_hz") for key in groups), "eigenvalue"],
            [
                [
                    each["target"],
                    each["unit"] or "1",
                    each["perturbed"] + "*" * each["one_sided"],
                    *(_derivative(each[key]) for key in (*groups, "leading_eigenvalue")),
                ]
                for each in effects
                if each["group"] != "E background"
            ],
        )
        typer.echo()
    typer.echo("change per unit of the target: of rates, in Hz, of the perturbed population itself and, on average, of")
    typer.echo("the others of each group; of the largest real part of the eigenvalues, in 1/s, while the target grows")
    if any(state["leading_repeats"] > 1 for state in shown):
        typer.echo("equal eigenvalues part: the largest one need not fall when the sign of the change is reversed")
    if any(each["one_sided"] for each in metadata["effects"]):
        typer.echo("*: the parameter is at a bound, so that it can be changed to one side only")
    if metadata["n_marginal"]:
        typer.echo(
            f"left out: {metadata['n_marginal']} states with an eigenvalue of 0, where rates have no derivatives"
        )
    more = len(metadata["states"]) - len(shown)
    typer.echo(f"all populations{f' and {more} more states' if more else ''}: sensitivities.csv, sensitivities.npz")


@app.command("spectrum")
@plain_failures()
def spectrum(
    config: Config,
    active: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Number of active clusters of the state [the only one].")
    ] = None,
    frequencies: Annotated[
        str | None, typer.Option(metavar="HZ,HZ", help="Frequencies in addition to 241 from 0 to 1000 Hz, as 12,60.")
    ] = None,
    window: Annotated[
        float, typer.Option(metavar="S", parser=seconds, help="Length of the windows in which rates covary [0.05].")
    ] = 0.05,
    delay: Annotated[
        float,
        typer.Option(metavar="S", parser=seconds, help="From a spike to its effect; half a time step of a simulation."),
    ] = 0.0,
    starts: Annotated[int, typer.Option(metavar="N", min=0, help="Number of random starts.")] = 100,
    out: Out = None,
    seed: Seed = None,
    overrides: Overrides = None,
    time: Time = None,
    n_z: NZ = 1,
    response: Response = None,
    closure: InputClosure = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Compute susceptibilities, and spectra and covariances of population rates, about a stable state."""
    from neuro_mod.execution.stagers import SpectrumStager

    experiment = load(config, overrides, seed, response=response, closure=closure)
    stager = SpectrumStager(experiment, perturbation_time=time, n_z=n_z)
    outputs = stager.execute(
        window=window,
        delay=delay,
        n_runs=starts,
        out=out,
        force=force,
        **given({"n_active": active, "frequencies": _frequencies(frequencies)}),
    )
    print_results(outputs["metadata"], as_json, _print_spectra)


def _print_spectra(metadata: dict[str, Any]) -> None:
    _print_theory(metadata)
    state = metadata["state"]
    typer.echo(f"state: {state['kind']}, {state['n_active']} active")
    keys = ("rate_hz", "susceptibility", "susceptibility_in_network", "deviation_hz", "correlation")
    print_table(
        ["population", "rate", "susceptibility", "in network", "deviation", "correlation"],
        [[each["group"], *(_derivative(each[key]) for key in keys)] for each in metadata["groups"]],
    )
    typer.echo(
        "of one population of each group: rate in Hz; its change per slow change of the external rate, in Hz per"
    )
    typer.echo(
        "Hz, without and with feedback; standard deviation of the rate in Hz, and correlation with another one of the"
    )
    typer.echo(f"group, in windows of {metadata['window_sec']:g} s; all populations: spectra.csv, covariances.csv")
    for caution in metadata["cautions"]:
        typer.echo(f"caution: {caution}")


def _print_derivatives(
    label: str, places: Sequence[str], found: dict[str, list[dict[str, float | None]]], unit: str
) -> None:
    """Print derivatives with respect to each target: of all populations at once, and the largest of a single one."""
    if not found or not places:
        return
    rows: list[list[str]] = []
    for target, values in found.items():
        for place, each in zip(places, values, strict=True):
            known = {name: value for name, value in each.items() if value is not None}
            whole = sum(known.values()) if len(known) == len(each) else None
            largest = max(known, key=lambda name: abs(known[name]), default="")
            rows.append([place, target, _derivative(whole), _derivative(known.get(largest)), largest])
    typer.echo()
    print_table([label, "target", "all populations", "largest of one", "which"], rows)
    typer.echo(f"derivatives in {unit}")


def _derivative(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",")]


def _numbers_of_clusters(text: str | None, n_clusters: int) -> list[int] | None:
    return None if text is None else whole_numbers("--active", text, max(n_clusters, 1), "numbers like 0,1,3 or 0:6")


def _frequencies(text: str | None) -> list[float] | None:
    from neuro_mod.errors import invalid

    try:
        return None if text is None else [float(each) for each in text.split(",")]
    except ValueError:
        raise invalid("--frequencies", text, "numbers in Hz like 1,10,100") from None


def _populations(text: str) -> list[int | str]:
    names = [name.strip() for name in text.split(",")]
    return [int(name) if name.isdecimal() else name for name in names]


def _path(text: str) -> str | Sequence[Sequence[float]]:
    from neuro_mod.errors import invalid

    if ":" not in text:
        return text
    try:
        return [[float(rate) for rate in point.split(",")] for point in text.split(":")]
    except ValueError:
        raise invalid("--path", text, "rates like 5,52:30,30:52,5") from None
