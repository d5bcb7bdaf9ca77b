"""``neuro-mod schema``: the JSON Schema of configurations, for editors."""

from __future__ import annotations

import json

import typer


def schema() -> None:
    """Print the JSON Schema of configurations."""
    from neuro_mod.config import Experiment
    from neuro_mod.config.schema import json_schema

    typer.echo(json.dumps(json_schema(Experiment), indent=2, ensure_ascii=False))
