"""``neuro-mod schema``: the JSON Schema of configurations, for editors."""

from __future__ import annotations

from neuro_mod.cli.options import print_json


def schema() -> None:
    """Print the JSON Schema of configurations."""
    from neuro_mod.config import Experiment
    from neuro_mod.config.schema import editor_schema

    print_json(editor_schema(Experiment))
