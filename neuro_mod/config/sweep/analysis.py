"""The section ``analysis`` of a sweep: how states are found in the runs that are measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from neuro_mod.config.translation import unknown_key
from neuro_mod.errors import InputError, KeyPath, Problem

if TYPE_CHECKING:
    from neuro_mod.core.spiking_net.analysis.findings.settings import AnalysisSettings


def check_analysis(arguments: Mapping[str, Any]) -> Iterator[Problem]:
    """Refuse arguments that `Analyzer` would refuse."""
    if not arguments:
        return
    from neuro_mod.core.spiking_net.analysis.detection import DETECTORS  # noqa: PLC0415 -- takes long, for a few

    of_methods = [field.name for detector in DETECTORS.values() for field in fields(detector)]
    known: list[KeyPath] = [("analysis", name) for name in dict.fromkeys([*_names(), *of_methods])]
    unknown: list[KeyPath] = [path for name in arguments if (path := ("analysis", name)) not in known]
    if unknown:
        yield from (unknown_key(path, known) for path in unknown)
        return
    try:
        _settings(arguments)
    except InputError as error:
        named, _, found = str(error).partition(": ")
        path: KeyPath = ("analysis", named) if named in arguments else ("analysis",)
        yield Problem(path, found if named in arguments else str(error))


def settings_in_plan(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """All settings as plain data; empty if they are the defaults, as where no arguments are given.

    Args:
        arguments: Keyword arguments of `Analyzer` that were checked.
    """
    if not arguments:
        return {}
    settings = asdict(_settings(arguments))
    return {} if settings == asdict(_settings({})) else settings


def _names() -> list[str]:
    """Settings of all methods."""
    from neuro_mod.core.spiking_net.analysis.findings.settings import AnalysisSettings  # noqa: PLC0415 -- for a few

    return [field.name for field in fields(AnalysisSettings) if field.name != "parameters"]


def _settings(arguments: Mapping[str, Any]) -> AnalysisSettings:
    from neuro_mod.core.spiking_net.analysis.findings.settings import AnalysisSettings  # noqa: PLC0415 -- for a few

    names = _names()
    own = {name: value for name, value in arguments.items() if name in names}
    return AnalysisSettings(**own, parameters={name: value for name, value in arguments.items() if name not in names})
