"""Templates with the default, unit and meaning of every key; ``python -m neuro_mod.config.template`` writes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from neuro_mod.config.experiment import Experiment
from neuro_mod.config.fields import Section, extra_of
from neuro_mod.config.perturbation import PerturbationBlock, Perturbations, TimeDependence
from neuro_mod.config.plain import flow
from neuro_mod.config.schema import json_schema, subschema
from neuro_mod.config.sections import MEAN_FIELD_KEYS

_SPIKING = """\
# Every key of a simulation, with its default and meaning.
# The default applies where a key or section is left out.
# Copy this file, keep the lines you change, and check it:  neuro-mod validate FILE
"""
_MEAN_FIELD = """\
# Every key of the mean field, with its default and meaning.
# The default applies where a key or section is left out.
# Copy this file, keep the lines you change, and check it:  neuro-mod validate FILE
"""
_CONVENTIONS = """\
# Units: seconds, Hz; voltages and weights in threshold units. Four entries are [E→E, E→I, I→E, I→I] (pre→post).
# "E, I": one number for all populations, [E, I], or one entry per population (E clusters, E background, I clusters,
# I background). External parameters may also have four entries, for an excitatory and an inhibitory source.
"""
_PERTURBATION = """\
# perturbation: {meaning}. Targets, and how a vector acts on each:
{targets}# Replace {{}} below with a block under the name of each target, for example:
#
# perturbation:
#   rate:
{block}perturbation: {{}}
"""

_EXAMPLE = PerturbationBlock.model_construct(
    vectors=[[1, 1, -1], [-1, 1, 1]],
    n_vectors=2,
    involved_clusters=[[0, 1, 2], [1, 2, 3]],
    seed=256,
    params=[0.3, 0.02],
    time_dependence=TimeDependence(),
)

#: A key with its value, and a comment.
_Row = tuple[str, str]


def spiking_net_template() -> str:
    """Text of ``configs/templates/spiking_net_template.yaml``."""
    return every_key(_SPIKING, Experiment())


def mean_field_template() -> str:
    """Text of ``configs/templates/mean_field_template.yaml``."""
    return every_key(_MEAN_FIELD, Experiment(), MEAN_FIELD_KEYS)


def every_key(heading: str, experiment: Experiment, sections: dict[str, tuple[str, ...]] | None = None) -> str:
    """A configuration with every key, its unit and its meaning.

    Args:
        heading: Lines of comments above it.
        experiment: The values; perturbations are left out.
        sections: Keys by section, all of a section without a list; None for all sections.
    """
    parts = [heading + _CONVENTIONS]
    for name, keys in (sections or dict.fromkeys(Experiment.model_fields, ())).items():
        meaning = Experiment.model_fields[name].description
        if name == "perturbation":
            targets = _aligned([(f"#   {key}", _comment(Perturbations, key)) for key in Perturbations.model_fields])
            block = _aligned([(f"# {code}", comment) for code, comment in _rows(_EXAMPLE, "    ")])
            parts.append(_PERTURBATION.format(meaning=meaning, targets=targets, block=block))
        else:
            rows = [(f"{name}:", ""), *_rows(getattr(experiment, name), "  ", keys)]
            parts.append(f"# {name}: {meaning}\n" + _aligned(rows))
    return "\n".join(parts)


def _rows(section: Section, indent: str, keys: tuple[str, ...] = ()) -> Iterator[_Row]:
    """The keys of a section; those that are derived or have no value are commented out."""
    for key, field in type(section).model_fields.items():
        if keys and key not in keys:
            continue
        value, comment = getattr(section, key), _comment(type(section), key)
        if isinstance(value, Section):
            yield f"{indent}{key}:", comment
            yield from _rows(value, indent + "  ")
        else:
            hidden = extra_of(field).get("derived") or (value is None and key != "offset_time")
            yield f"{indent}{'# ' if hidden else ''}{key}: {flow(value)}".rstrip(), comment


def _comment(section: type[Section], key: str) -> str:
    """Meaning, unit and choices of a parameter."""
    about = subschema(json_schema(section), (key,)) or {}
    entries = "; E, I" if about.get("entries", "").startswith("[E, I]") else ""
    choices = f" [{' | '.join(about['enum'])}]" if "enum" in about else ""
    return about.get("description", "") + entries + choices


def _aligned(rows: list[_Row]) -> str:
    """Put comments in one column."""
    width = max(len(code) for code, comment in rows if comment)
    return "".join(f"{code:<{width}}  # {comment}\n" if comment else f"{code}\n" for code, comment in rows)


def main() -> None:
    """Write the templates."""
    folder = Path(__file__).parents[2] / "configs" / "templates"
    (folder / "spiking_net_template.yaml").write_text(spiking_net_template(), encoding="utf-8")
    (folder / "mean_field_template.yaml").write_text(mean_field_template(), encoding="utf-8")


if __name__ == "__main__":
    main()
