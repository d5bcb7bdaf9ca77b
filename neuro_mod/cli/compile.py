"""``neuro-mod compile``: compile all kernels beforehand."""

from __future__ import annotations

from typing import Annotated

import typer

from neuro_mod.choices import Precision
from neuro_mod.cli.options import AsJson, print_json


def compile_kernels(
    dtype: Annotated[
        Precision | None, typer.Option(help="Only for simulations in this precision [float32 and float64].")
    ] = None,
    large: Annotated[bool, typer.Option("--large", help="Also for networks of more than 65,536 neurons.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compile all kernels into the cache, for images of containers and for clusters.

    Without it, a command compiles what it needs when it is first used on a machine.
    """
    from neuro_mod.execution.kernels import compile_kernels as compile_all

    compiled = compile_all(("float32", "float64") if dtype is None else (dtype,), large=large)
    if as_json:
        print_json(compiled._asdict())
    elif compiled.n_compiled:
        typer.echo(f"{compiled.n_compiled} kernels compiled in {compiled.seconds:.1f} s, saved in {compiled.folder}")
    else:
        typer.echo(f"nothing to compile: all kernels are in {compiled.folder}")
