"""Keys of configurations, sweep files and cluster files, written from their schema: ``{keys} arousal``, and so on."""

from __future__ import annotations

import inspect
import re
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, get_args

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from neuro_mod.choices import DetectionMethod, Kernel
from neuro_mod.config import Experiment
from neuro_mod.config.cluster import Cluster
from neuro_mod.config.fields import Section, extra_of
from neuro_mod.config.perturbation import PerturbationBlock, TimeDependence
from neuro_mod.config.plain import flow
from neuro_mod.config.schema import expected, json_schema, key_paths, subschema
from neuro_mod.config.sweep.mean_field import MeanFieldSettings
from neuro_mod.config.sweep.sections import Range, SweepFile
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.core.perturbations.time_courses import SHAPES
from neuro_mod.core.spiking_net.analysis.detection import DETECTORS
from neuro_mod.core.spiking_net.analysis.findings.settings import AnalysisSettings

#: Sections that are no part of the experiment under the name that precedes their keys in anchors.
_OTHER: dict[str, type[Section]] = {
    "perturbation": PerturbationBlock,
    "perturbation.time_dependence": TimeDependence,
    "sweep": SweepFile,
    "sweep.range": Range,
    "sweep.mean_field": MeanFieldSettings,
    "cluster": Cluster,
}
_CHOICES = {"method": DetectionMethod, "kernel": Kernel}
_SPECIAL = re.compile(r"([\\*_{}\[\]<>$|~#])")
_OPTION = re.compile(r"(?<![`\w-])(--[a-z][a-z-]*)")
_KEY = re.compile(r"\b[a-z_]+(?:\\?[._][a-zA-Z_0-9\\]+)+")


def escaped(text: str) -> str:
    """Text that MyST shows as it is, apart from code in backticks and options of commands, which become code."""
    text = _OPTION.sub(r"`\1`", text)
    parts = text.split("`")
    return "`".join(part if inside % 2 else _SPECIAL.sub(r"\\\1", part) for inside, part in enumerate(parts))


@cache
def _keys() -> frozenset[str]:
    paths = key_paths(json_schema(Experiment))
    return frozenset(".".join(map(str, path)) for path in paths if path[0] != "perturbation" and len(path) > 1)


def link_keys(text: str, page: str) -> str:
    """Escaped text in which each key of a configuration leads to its description."""

    def link(found: re.Match[str]) -> str:
        key = found[0].replace("\\", "")
        return f"[`{key}`]({page}#{key})" if key in _keys() else found[0]

    return _KEY.sub(link, text)


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return link_keys(escaped(text if text.endswith(".") else f"{text}."), "")


def _entry(name: str, anchor: str, meaning: str, facts: dict[str, str]) -> str:
    shown = " · ".join(f"*{label}:* {value}" for label, value in facts.items() if value)
    return f'`{name}`{{id="{anchor}"}}\n: {_sentence(meaning)}' + (f"\n\n  {shown}" if shown else "")


def _section(place: str) -> tuple[type[Section], Any]:
    """The class of a section, and its defaults."""
    if place in _OTHER:
        return _OTHER[place], None
    section: Any = Experiment()
    for part in place.split("."):
        section = getattr(section, part)
    return type(section), section


def keys_of(place: str) -> list[str]:
    """An entry for each key of a section, other sections left out."""
    model, defaults = _section(place)
    root, entries = json_schema(model), []
    for name, field in model.model_fields.items():
        key, extra = field.alias or name, extra_of(field)
        if isinstance(getattr(defaults, name, None), Section):
            continue
        schema = subschema(root, (key,)) or {}
        unit = extra.get("unit", "")
        meaning = (field.description or "").removesuffix(f" ({unit})")
        if isinstance(field.default_factory, type) and issubclass(field.default_factory, Section):
            entries.append(_entry(key, f"{place}.{key}", meaning, {"Values": "a mapping; its keys are below"}))
            continue
        facts = {
            "Default": _default(field, getattr(defaults, name, None)),
            "Unit": unit,
            "Values": escaped(extra.get("expected") or expected(schema, root)),
        }
        if usual := extra.get("usual"):
            facts["Limit"] = f"{usual:g} {unit}, unless [`settings.allow_unusual`](#settings.allow_unusual) is true"
        entries.append(_entry(key, f"{place}.{key}", meaning, facts))
    return entries


def _default(field: Any, value: Any) -> str:
    if field.is_required():
        return "none; required"
    if extra_of(field).get("derived"):
        return f"`{flow(value)}`, which follows from other keys"
    default = field.get_default(call_default_factory=False) if value is None else value
    return "none" if default is None else f"`{flow(default) if default != {} else '{}'}`"


def targets() -> list[str]:
    """An entry for each target of perturbations."""
    entries = []
    for name, target in TARGETS.items():
        result = "factor" if target.relative else "result"
        bounds = str(target.bounds)
        limits = f"{bounds}, to which it is clipped" if target.clipped else bounds
        facts = {"Unit": target.unit or "dimensionless", f"Valid {result}": escaped(limits)}
        entries.append(_entry(name, f"perturbation.{name}", target.effect, facts))
    return entries


def time_courses() -> list[str]:
    """An entry for each shape of a time course: its keys, without those of all."""
    entries = []
    for name, shape in SHAPES.items():
        own = [field for field in fields(shape) if field.name not in {"onset_time", "offset_time"}]
        needed = ", ".join(f"`{field.name}`" for field in own if field.default is MISSING)
        others = ", ".join(f"`{field.name}`" for field in own if field.default is not MISSING)
        meaning = (shape.__doc__ or "").split("\n\n")[0].strip()
        formula = meaning.strip("`.") if meaning.startswith("``") else ""
        facts = {"Value": f"`{formula}`"} if formula else {}
        described = f"the {name} course" if formula else meaning
        entries.append(_entry(name, f"shape.{name}", described, facts | {"Needs": needed, "Takes": others}))
    return entries


def analysis_arguments() -> list[str]:
    """An entry for each argument of the analysis, and for each parameter of a detection method."""
    entries = []
    about = _arguments(AnalysisSettings)
    values = {name: "one of " + escaped(", ".join(get_args(each))) for name, each in _CHOICES.items()}
    values |= dict.fromkeys(("kernel_width_ms", "minimal_lifespan_ms"), escaped("a number >= 0"))
    values["sampling_ms"] = escaped("a number > 0")
    for field in fields(AnalysisSettings):
        if field.name != "parameters":
            facts = {"Default": f"`{field.default}`", "Values": values[field.name]}
            entries.append(_entry(field.name, f"sweep.analysis.{field.name}", about[field.name], facts))
    for method, detector in DETECTORS.items():
        own = _arguments(detector)
        for field in fields(detector):
            default = "none" if field.default is None else f"`{field.default}`"
            facts = {"Default": default, "Values": escaped("a number >= 0")}
            described = own.get(field.name, "")
            meaning = f"with method `{method}`: {described[:1].lower()}{described[1:]}"
            entries.append(_entry(field.name, f"sweep.analysis.{method}.{field.name}", meaning, facts))
    return entries


def _arguments(documented: type) -> dict[str, str]:
    """What the docstring of a class says about its arguments."""
    entries = r"^ {4}(\w+): (.+?)(?=^ {4}\w+: |\n\n|\Z)"
    found = re.findall(entries, inspect.getdoc(documented) or "", re.MULTILINE | re.DOTALL)
    return {name: " ".join(meaning.split()) for name, meaning in found}


_LISTS = {"targets": targets, "time-courses": time_courses, "analysis-arguments": analysis_arguments}


class Keys(SphinxDirective):
    """The keys of a section, or one of the other lists."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Parse the list."""
        self.env.note_dependency(__file__)
        name = self.arguments[0]
        entries = _LISTS[name]() if name in _LISTS else keys_of(name)
        return self.parse_text_to_nodes("\n\n".join(entries))


def setup(app: Any) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("keys", Keys)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
