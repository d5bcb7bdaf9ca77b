"""Templates: every key with its default, unit and meaning. ``python -m neuro_mod.config.template`` writes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuro_mod.config.experiment import Experiment
from neuro_mod.config.fields import Section, extra_of
from neuro_mod.config.neurons import POPULATION_KEYS
from neuro_mod.config.perturbation import PerturbationBlock, Perturbations, TimeDependence
from neuro_mod.config.schema import json_schema, subschema
from neuro_mod.config.writing import flow

_SPIKING = """\
# A spiking-network experiment: every key, with its default. Keys and sections that are left out take these values.
# Copy this file, keep what differs, and check it:  neuro-mod validate FILE
"""
_MEAN_FIELD = """\
# A mean-field experiment: every key that the mean field reads, with its default.
# Copy this file, keep what differs, and check it:  neuro-mod validate FILE
"""
_CONVENTIONS = """\
# Units: seconds, Hz; voltages and weights in threshold units. Four entries are [E→E, E→I, I→E, I→I] (pre→post).
# "E, I": one number for all populations, [E, I], or one entry per population (E clusters, E background, I clusters,
# I background). External parameters may also have four entries, for an excitatory and an inhibitory source.
"""
_PERTURBATION = """\
# perturbation: {meaning}. Targets, and what a vector does there:
{targets}
# Replace {{}} below with a block under the name of each target, such as this one:
#
# perturbation:
#   rate:
{block}
perturbation: {{}}
"""

#: What the mean field reads; a section without a list is read entirely.
_MEAN_FIELD_KEYS: dict[str, tuple[str, ...]] = {
    "init_params": POPULATION_KEYS,
    "architecture": (),
    "external_currents": (),
    "arousal": (),
    "perturbation": (),
    "settings": (),
}
_EXAMPLE: dict[str, Any] = {
    "vectors": [[1, 1, -1], [-1, 1, 1]],
    "n_vectors": 2,
    "involved_clusters": [[0, 1, 2], [1, 2, 3]],
    "seed": 256,
    "params": [0.3, 0.02],
}

#: A key, its value, and what is said about it; without a value, a heading.
_Row = tuple[str, str]


def spiking_net_template() -> str:
    """Text of ``configs/templates/spiking_net_template.yaml``."""
    return _template(_SPIKING, dict.fromkeys(Experiment.model_fields, ()))


def mean_field_template() -> str:
    """Text of ``configs/templates/mean_field_template.yaml``."""
    return _template(_MEAN_FIELD, _MEAN_FIELD_KEYS)


def _template(heading: str, sections: dict[str, tuple[str, ...]]) -> str:
    parts = [heading + _CONVENTIONS]
    for name, keys in sections.items():
        if name == "perturbation":
            parts.append(_perturbation())
            continue
        section = getattr(Experiment(), name)
        meaning = Experiment.model_fields[name].description
        rows = [(f"{name}:", ""), *_rows(section, "  ", keys)]
        parts.append(f"# {name}: {meaning}\n" + _aligned(rows))
    return "\n".join(parts)


def _rows(section: Section, indent: str, keys: tuple[str, ...] = ()) -> Iterator[_Row]:
    for key, field in type(section).model_fields.items():
        if keys and key not in keys:
            continue
        value = getattr(section, key)
        if isinstance(value, Section):
            yield f"{indent}{key}:", field.description or ""
            yield from _rows(value, indent + "  ")
        else:
            hidden = "# " if extra_of(field).get("derived") else ""
            yield f"{indent}{hidden}{key}: {flow(value)}".rstrip(), _comment(type(section), key)


def _comment(section: type[Section], key: str) -> str:
    """Meaning, unit and choices of a parameter."""
    about = subschema(json_schema(section), (key,)) or {}
    entries = "; E, I" if about.get("entries", "").startswith("[E, I]") else ""
    choices = f" [{' | '.join(about['enum'])}]" if "enum" in about else ""
    return about.get("description", "") + entries + choices


def _aligned(rows: list[_Row]) -> str:
    """Put comments in one column."""
    width = max(len(code) for code, comment in rows if comment)
    lines = [f"{code:<{width}}  # {comment}" if comment else code for code, comment in rows]
    return "\n".join(lines) + "\n"


def _perturbation() -> str:
    targets = [(f"#   {target}", field.description or "") for target, field in Perturbations.model_fields.items()]
    width = max(len(code) for code, _ in targets)
    return _PERTURBATION.format(
        meaning=Experiment.model_fields["perturbation"].description,
        targets="\n".join(f"{code:<{width}}  {comment}" for code, comment in targets),
        block=_aligned([(f"# {code}", comment) for code, comment in _block(PerturbationBlock, "    ")]).rstrip(),
    )


def _block(section: type[Section], indent: str) -> Iterator[_Row]:
    """An example block; keys that have a default show it, those without a value are commented out."""
    for key, field in section.model_fields.items():
        value = _EXAMPLE.get(key, field.default)
        if key == "time_dependence":
            yield f"{indent}{key}:", _comment(section, key)
            yield from _block(TimeDependence, indent + "  ")
        else:
            hidden = "# " if value is None and key != "offset_time" else ""
            yield f"{indent}{hidden}{key}: {flow(value)}".rstrip(), _comment(section, key)


def main() -> None:
    """Write the templates."""
    folder = Path(__file__).parents[2] / "configs" / "templates"
    (folder / "spiking_net_template.yaml").write_text(spiking_net_template(), encoding="utf-8")
    (folder / "mean_field_template.yaml").write_text(mean_field_template(), encoding="utf-8")


if __name__ == "__main__":
    main()
