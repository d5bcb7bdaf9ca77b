"""Parameters in words, as figures label their axes."""

from __future__ import annotations

from neuro_mod.config.experiment import Experiment, unit_of
from neuro_mod.config.fields import PER_PATHWAY, PER_SOURCE, PER_TYPE
from neuro_mod.config.overrides import is_key, parse_key
from neuro_mod.config.schema import json_schema, key_paths, subschema
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.errors import KeyPath
from neuro_mod.populations import PATHWAYS

#: Where the name of an entry stands in the words of a parameter.
_ENTRY = "{of} "
_TYPES = ("E", "I")
#: Parameters that targets of perturbations change, where the names differ.
_RATE, _AROUSAL = ("external_currents", "nu_ext_baseline"), "arousal_"


def label_of(key: str, experiment: Experiment | None = None) -> str:
    """A parameter in words, with its unit: ``external rate of E neurons (Hz)``.

    Args:
        key: As written in overrides, ``external_currents.nu_ext_baseline[0]``; anything else is returned as it is.
        experiment: The configuration, by which entries of a list are named that may be one for each population.
    """
    path = parse_key(key) if is_key(key) else ()
    words = _of_perturbation(path, experiment) if path[:1] == ("perturbation",) else _words(path, experiment)
    unit = unit_of(key) if words else ""
    return f"{words} ({unit})" if unit else words or key


def _words(path: KeyPath, experiment: Experiment | None) -> str:
    """Words for a parameter, or an entry of its list; empty if there is no such parameter."""
    names = tuple(part for part in path if isinstance(part, str))
    about = (subschema(json_schema(Experiment), names) if names else None) or {}
    words, entries = str(about.get("label", "")), str(about.get("entries", ""))
    if not words or names == path:
        return words.replace(_ENTRY, "")
    index = int(path[-1])
    entry = _entry(entries, index, experiment and _n_entries(experiment, names), experiment)
    if not entry:
        return f"{words.replace(_ENTRY, '')}, entry {index}"
    if _ENTRY in words:
        return words.replace(_ENTRY, f"{entry} ")
    return f"{words}, {entry}" if "→" in entry else f"{words} of {entry}" + " neurons" * (entry in _TYPES)


def _entry(entries: str, index: int, n: int | None, experiment: Experiment | None) -> str:
    """Name of an entry of a list of n; empty if it is not known."""
    if entries == PER_PATHWAY and index < len(PATHWAYS):
        return PATHWAYS[index]
    if (entries == PER_TYPE or (entries and n == len(_TYPES))) and index < len(_TYPES):
        return _TYPES[index]
    if entries == PER_SOURCE and n == len(PATHWAYS) and index < len(PATHWAYS):
        return f"ext {PATHWAYS[index]}"
    names = experiment.populations.names if experiment and entries else ()
    return names[index].replace("_", " ") if n == len(names) and index < len(names) else ""


def _n_entries(experiment: Experiment, names: tuple[str, ...]) -> int | None:
    value = experiment
    for name in names:
        value = getattr(value, name, None)
    return len(value) if isinstance(value, tuple) else None


def _of_perturbation(path: KeyPath, experiment: Experiment | None) -> str:
    """Words for a coefficient of a perturbation, ``perturbation of external rate``, or another key of its block."""
    target = str(path[1]) if len(path) > 1 else ""
    if target not in TARGETS:
        return ""
    whole, last = f"perturbation of {_target(target)}", list(path)[-1]
    if path[2:3] != ("params",):
        return f"{str(last).replace('_', ' ')} of the {whole}" if len(path) > 2 else whole
    block = getattr(experiment.perturbation, target, None) if experiment else None
    several = isinstance(last, int) and (block is None or len(block.params) > 1)
    return f"{whole}, vector {last}" if several else whole


def _target(target: str) -> str:
    """The parameter that a target changes, in words."""
    if target == "rate":
        return _words(_RATE, None)
    if target.startswith(_AROUSAL):
        return _words(("arousal", target.removeprefix(_AROUSAL)), None)
    paths = (path for path in key_paths(json_schema(Experiment)) if path[-1] == target and path[0] != "perturbation")
    return _words(next(paths), None)
