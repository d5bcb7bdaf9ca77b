"""Options of several commands of ``neuro-mod mean-field``, and what several of them print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from neuro_mod.cli.options import print_table, print_text, seconds, whole_numbers

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
MAX_ROWS = 12


def print_theory(metadata: dict[str, Any]) -> None:
    """Print the theory of results."""
    print_text(f"theory: {metadata['response']} response, {metadata['closure']} input")


def columns_of_groups(states: Sequence[dict[str, Any]], ending: str, form: str) -> dict[str, list[str]]:
    """Cells of each group of neurons by its name."""
    keys = [key for key in states[0] if key.endswith(ending)] if states else []
    cells = {key.removesuffix(ending): [each[key] for each in states] for key in keys}
    return {group: ["" if each is None else format(each, form) for each in column] for group, column in cells.items()}


def print_derivatives(
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
            rows.append([place, target, cell(whole), cell(known.get(largest)), largest])
    typer.echo()
    print_table([label, "target", "all populations", "largest of one", "which"], rows)
    print_text(f"derivatives in {unit}")


def cell(value: float | None) -> str:
    """A number of a printed table; empty where there is none."""
    return "" if value is None else f"{value + 0.0:.4g}"  # -0 is 0


def complex_pair(number: Sequence[float], form: str = ".2f") -> str:
    """A complex number and its conjugate, given its parts: ``-10.30 ± 25.10i``; the real part alone if it is real."""
    real, imaginary = (format(part, form) for part in (number[0], abs(number[1])))
    return f"{real} ± {imaginary}i" if float(imaginary) else real


def names_of(text: str | None) -> list[str] | None:
    """Names that are separated by commas; None for none given."""
    return None if text is None else [name.strip() for name in text.split(",")]


def numbers_of_clusters(text: str | None, n_clusters: int) -> list[int] | None:
    """Numbers of active clusters, given as a list or a range; None for none given."""
    return None if text is None else whole_numbers("--active", text, max(n_clusters, 1), "numbers like 0,1,3 or 0:6")
