"""The printed comparison of groups."""

from __future__ import annotations

from collections.abc import Iterable
from string import ascii_uppercase
from typing import Any

import typer

from neuro_mod.cli.options import print_rows, print_table, print_text

#: Groups in a printed table, at most; the files have all. Longer names stand beside the table, under letters.
_MAX_GROUPS, _MAX_NAME = 4, 16


def print_groups(described: dict[str, Any]) -> None:
    """Print what `describe_groups` returns: quantities of each group, and differences from the reference."""
    from neuro_mod.core.spiking_net.analysis.groups.permutation import MIN_REPLICATES
    from neuro_mod.core.spiking_net.analysis.groups.tables import HIDDEN

    names = list(described["groups"])
    reference, over = described["reference"], described["over"]
    shown = names[:_MAX_GROUPS]
    if reference not in shown:
        shown[-1] = reference
    has_long = max(map(len, names)) > _MAX_NAME
    short = {name: ascii_uppercase[k] if has_long else name for k, name in enumerate(shown)}
    counts = []
    for name, about in described["groups"].items():
        named = f"{short[name]} = {name}" if has_long and name in short else name
        networks = f"{about['n_networks']} network{'s' * (about['n_networks'] > 1)}"
        counts.append(f"{named}: {about['n_sessions']} sessions of {networks}")
    paired = all(row["paired"] for row in described["differences"])
    least = [row["least_p"] for row in described["differences"] if row["least_p"] is not None]
    print_rows(
        {
            "groups": "; ".join(counts),
            "uncertainty": f"over {over}, {'paired' if paired else 'not paired'}",
            "p values": f"of permutation tests, at least {min(least):.2g}; not corrected for the number of quantities"
            if least
            else f"none, as they need {MIN_REPLICATES} {over} in each group",
        }
    )
    typer.echo()
    values, changes = (
        {(_name(row), row["group"]): row for row in described[table] if row["of"] in ("", HIDDEN)}
        for table in ("quantities", "differences")
    )
    compared = [name for name in shown if name != reference]
    header = [
        "quantity",
        *short.values(),
        *(part for name in compared for part in (f"{short[name]} - {short[reference]}", "p")),
    ]
    rows = []
    for quantity in dict.fromkeys(name for name, _ in values):
        row = [quantity, *(_with_error(values[quantity, name], "value") for name in shown)]
        for name in compared:
            change = changes[quantity, name]
            row += [_with_error(change, "difference"), _number(change["p_value"], 2)]
        rows.append(row)
    print_table(header, rows)
    print_about_means(row[0] for row in rows)
    if len(names) > len(shown):
        print_text(f"{len(names) - len(shown)} more groups in the files")
    typer.echo()


def print_about_means(quantities: Iterable[str]) -> None:
    """Print of which durations the means are, if there are any among the quantities of a table."""
    if any(name.startswith("mean_") for name in quantities):
        print_text("mean_..._sec: of what was seen from start to end, unless by Kaplan-Meier")


def _name(row: dict[str, Any]) -> str:
    return f"{row['quantity']} ({row['of']})" if row["of"] else row["quantity"]


def _with_error(row: dict[str, Any], column: str) -> str:
    error = row["standard_error"]
    shown = _number(row[column], 3)
    return shown if error is None or row[column] is None else f"{shown} ± {_number(error, 2)}"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}g}"
