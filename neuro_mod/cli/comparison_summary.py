"""What ``neuro-mod compare`` prints."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import typer

from neuro_mod.cli.options import print_rows, print_table, print_text

#: States in the printed table, at most; the file has all.
_COLUMNS = 7
#: In place of a difference in %.
_NO_PERCENT = " " * 7
#: Whether the network satisfies an assumption.
_OUTCOMES = {True: "kept", False: "NOT KEPT", None: "cannot be judged"}


def print_comparison(metadata: Mapping[str, Any]) -> None:
    """Print a comparison, given its metadata."""
    error = metadata["active_clusters_standard_error"]
    time = metadata["time_by_active_clusters"]
    print_rows(
        {
            "simulated": f"{_counted(metadata['n_trials'], 'network')} for {metadata['duration_sec']:g} s"
            f"{' each' * (metadata['n_trials'] > 1)}, after "
            f"{metadata['settling_sec']:g} s of settling",
            f"E clusters above {metadata['active_above_hz']:g} Hz": f"{metadata['active_clusters']:.2f}"
            + ("" if error is None else f" +- {error:.2f}")
            + " on average; time with "
            + ", ".join(f"{n}: {100 * part:.0f} %" for n, part in enumerate(time) if part >= 0.005),
        }
        | _time_step(metadata)
    )
    typer.echo()
    _print_theories(metadata)
    _print_step_check(metadata)
    typer.echo()
    print_text(f"theory of the configuration: {metadata['theory']}, {_found(metadata)}")
    _print_table(metadata)
    _print_words("other differences", metadata["notes"])
    _print_validity(metadata)
    typer.echo()
    for path in metadata["files"]:
        typer.echo(path)


def _time_step(metadata: Mapping[str, Any]) -> dict[str, str]:
    """The time step, and what it does to active clusters if there are any in the nearest state."""
    step, states, nearest = f"{1e3 * metadata['delta_t']:g} ms", metadata["states"], metadata["nearest"]
    if nearest is None or not states[nearest]["n_active"]:
        return {"time step": step}
    loss = f"{100 * metadata['active_rate_loss']:.2g} %"
    return {
        "time step": f"{step}, which lowers rates of active clusters by about {loss}",
        "": "(measured in the published and the default network at 20 times the size)",
    }


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _found(states: Mapping[str, Any]) -> str:
    return f"{states['n_stable']} stable of {states['n_distinct']} distinct steady states found"


def _print_theories(metadata: Mapping[str, Any]) -> None:
    """Rates and CVs of groups in the simulation, and in the state of each theory that is nearest to it."""
    from neuro_mod.execution.comparison.rates import theory_columns

    names = [each["theory"] for each in metadata["theories"]]
    rates, cvs = [theory_columns(name)[0] for name in names], [theory_columns(name)[1] for name in names]
    nearest = [each["nearest"] for each in metadata["theories"]]
    error = metadata["active_clusters_standard_error"]
    n_settled, unsettled = metadata["settled"]["active_clusters"], _unsettled(metadata)
    rows = [["active", _with_error(metadata["active_clusters"], error, ".2f"), "" if unsettled else str(n_settled)]]
    rows[0] += ["none found" if each is None else f"{each['n_active']}{_NO_PERCENT}" for each in nearest]
    of_cvs: list[list[str]] = []
    for row in metadata["comparison"]:
        simulated, settled = row["simulated_hz"], row["settled_hz"]
        if simulated is not None or any(row[column] is not None for column in rates):
            reference = simulated if settled is None else settled
            cells = [f"{_number(row[each])} {_deviation(reference, row[each]):>6}" for each in rates]
            rows.append(
                [row["group"], _with_error(simulated, row["standard_error_hz"], ".3g"), _number(settled), *cells]
            )
        if row["simulated_cv"] is not None or any(row[column] is not None for column in cvs):
            found = _with_error(row["simulated_cv"], row["standard_error_cv"], ".2f")
            of_cvs.append([row["group"], found, "", *(f"{_number(row[each], '.2f')}{_NO_PERCENT}" for each in cvs)])
    header = ["rate in Hz", "simulated", "settled", *names]
    print_table(header, [*rows, ["interval CV", *[""] * (len(header) - 1)], *of_cvs])
    while_ = f"{_counted(n_settled, 'cluster')} {'is' if n_settled == 1 else 'are'} active and none changes within"
    around = f"{1e3 * metadata['settled']['unchanged_sec']:g} ms before and after"
    print_text(f"settled: while {while_} {around}" + (", which is at no time" if unsettled else ""))
    reference = "simulated rates" if unsettled else "settled rates"
    print_text(f"theories: in the stable state nearest in the number of active clusters; difference from {reference}")
    for name, reason in metadata["left_out"].items():
        print_text(f"{name} is left out: {reason}")


def _unsettled(metadata: Mapping[str, Any]) -> bool:
    """Whether there are no settled rates."""
    return all(row["settled_hz"] is None for row in metadata["comparison"])


def _print_step_check(metadata: Mapping[str, Any]) -> None:
    """How simulated rates change with the time step: settled ones, as these do not depend on which states are seen."""
    if metadata["finer_delta_t"] is None:
        print_text("effect of the time step in this network: use --step-check")
        return
    coarse, finer = (f"at {1e3 * metadata[name]:g} ms" for name in ("delta_t", "finer_delta_t"))
    rows: list[list[str]] = []
    for row in metadata["comparison"]:
        kind = "simulated" if None in (row["settled_hz"], row["finer_settled_hz"]) else "settled"
        names = (f"{kind}_hz", {"simulated": "finer_step_hz", "settled": "finer_settled_hz"}[kind])
        before, after = ((row[name], row[_error_of(name)]) for name in names)
        if before[0] is not None:
            rates = (_with_error(*each, ".3g") for each in (before, after))
            rows.append([row["group"], kind, *rates, _step_effect(*before, *after)])
    typer.echo()
    print_table(["rate in Hz", "", coarse, finer, "effect of the time step"], rows)


def _error_of(column: str) -> str:
    """Column of the standard error of a rate."""
    return "standard_error_hz" if column == "simulated_hz" else column.replace("_hz", "_standard_error_hz")


def _step_effect(coarse: float, error: float | None, finer: float | None, finer_error: float | None) -> str:
    """Relative difference of simulated rates, with its error where there is one."""
    if not finer or error is None or finer_error is None or not coarse:
        return _deviation(finer, coarse, ".1f")
    relative = coarse / finer * math.hypot(error / coarse, finer_error / finer)
    return f"{100 * (coarse / finer - 1):+.1f} +- {100 * relative:.1f} %"


def _with_error(value: float | None, error: float | None, form: str) -> str:
    return _number(value, form) + ("" if error is None else f" +- {error:.1g}")


def _number(value: float | None, form: str = ".3g") -> str:
    return "" if value is None else format(value, form)


def _print_table(metadata: Mapping[str, Any]) -> None:
    """Rates in Hz of groups in the simulation and in the states nearest to it, and the deviation from the nearest."""
    from neuro_mod.execution.comparison.rates import state_column

    states, nearest = metadata["states"], metadata["nearest"]
    usual = metadata["settled"]["active_clusters"]
    ranked = sorted(range(len(states)), key=lambda i: abs(states[i]["n_active"] - usual))
    shown = sorted(ranked[:_COLUMNS])
    header = ["mean rate in Hz of", "simulated", "+-"]
    header += [f"{'*' * (i == nearest)}{states[i]['n_active']} active" for i in shown]
    header += [] if nearest is None else ["simulated above *"]
    rows: list[list[str]] = []
    for row in metadata["comparison"]:
        theory = [row[state_column(i, state["n_active"])] for i, state in enumerate(states)]
        if row["simulated_hz"] is None and all(rate is None for rate in theory):
            continue
        cells = [row["simulated_hz"], row["standard_error_hz"], *(theory[i] for i in shown)]
        deviation = [] if nearest is None else [_deviation(theory[nearest], row["simulated_hz"])]
        rows.append([row["group"], *map(_number, cells), *deviation])
    print_table(header, rows)
    kind = "stable state" if metadata["n_stable"] else "state, none of which is stable,"
    if nearest is not None:
        print_text(f"* the {kind} with the number of active clusters nearest to the usual one of the simulation")
    if len(states) > len(shown):
        print_text(f"{len(states) - len(shown)} more states in comparison.csv")


def _deviation(reference: float | None, value: float | None, form: str = ".0f") -> str:
    return "" if value is None or not reference else f"{100 * (value / reference - 1):+{form}} %"


def _print_validity(metadata: Mapping[str, Any]) -> None:
    if metadata["nearest"] is None:
        typer.echo()
        print_text("no steady state was found: the validity of the theory cannot be judged")
        return
    validity = metadata["validity"]
    judged = [each["kept"] for each in validity if each["kept"] is not None]
    unknown = len(validity) - len(judged)
    _print_words(
        f"validity of the theory in state *: {sum(judged)} of {len(judged)} assumptions are kept"
        + (f", {unknown} cannot be judged" if unknown else ""),
        [f"{each['assumption']}, {_OUTCOMES[each['kept']]}: {each['in_words']}" for each in validity],
    )


def _print_words(title: str, sentences: list[str]) -> None:
    if not sentences:
        return
    typer.echo()
    print_text(title)
    for sentence in sentences:
        print_text(f"- {sentence}", indent="  ")
