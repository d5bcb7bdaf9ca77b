"""The whole configuration of one experiment, validated and immutable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, cached_property, reduce
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, model_validator

from neuro_mod.choices import Precision
from neuro_mod.config.cross_checks import cross_check
from neuro_mod.config.cross_checks.doubtful import rounded_thresholds, warnings_of
from neuro_mod.config.cross_checks.draft import Draft
from neuro_mod.config.document import TOO_DEEP
from neuro_mod.config.fields import EmptyMeansNothing, Section, extra_of
from neuro_mod.config.overrides import Overrides, apply_overrides, parse_key
from neuro_mod.config.perturbation import Perturbations, perturbation_seed, unperturbed
from neuro_mod.config.plain import plain, to_yaml
from neuro_mod.config.quantities import all_in_si, in_si
from neuro_mod.config.schema import json_schema, unit_at
from neuro_mod.config.sections import (
    Architecture,
    Arousal,
    ExternalCurrents,
    InitParams,
    MeanField,
    Settings,
    StimulusSection,
)
from neuro_mod.config.validation import locate, validate
from neuro_mod.core.perturbations import TimedPerturbation
from neuro_mod.core.random import MAX_SEED
from neuro_mod.errors import ConfigError, InputError, KeyPath, Problem
from neuro_mod.populations import PATHWAYS, Populations
from neuro_mod.summaries import Shown, Summary, described


class Experiment(Shown, Section):
    """A validated configuration, immutable. Build it with `load_experiment`, change it with `replace`.

    Its sections and keys are attributes: ``experiment.arousal.level``.

    Examples:
        >>> from neuro_mod import load_experiment
        >>> experiment = load_experiment("small")
        >>> experiment.populations.n_clusters, experiment.populations.total, experiment.populations.n_neurons
        (6, 14, 600)
        >>> experiment.replace({"arousal.level": 0.4}).arousal.level
        0.4
    """

    init_params: InitParams = Field(default_factory=InitParams, description="the simulation and its neurons")
    architecture: Architecture = Field(default_factory=Architecture, description="the recurrent network")
    external_currents: ExternalCurrents = Field(
        default_factory=ExternalCurrents, description="Poisson input from outside the network"
    )
    stimulus: StimulusSection = Field(default_factory=StimulusSection, description="a current into some of the neurons")
    arousal: Arousal = Field(default_factory=Arousal, description="level of arousal and its effects")
    perturbation: Annotated[Perturbations, EmptyMeansNothing()] = Field(
        default_factory=Perturbations, description="vectors in cluster space that change parameters, by target"
    )
    mean_field: MeanField = Field(
        default_factory=MeanField, description="the theory of steady states; simulations do not depend on it"
    )
    settings: Settings = Field(default_factory=Settings, description="seed and folder for results")

    @model_validator(mode="after")
    def _check_together(self, info: ValidationInfo) -> Self:
        invalid = (info.context or {}).get("invalid", ())
        if problems := cross_check(Draft(self, invalid)):
            raise ConfigError(problems)
        return self

    def _summary(self) -> Summary:
        changed = self.model_dump(exclude_unset=True, exclude_defaults=True)
        name = changed.get("settings", {}).pop("sim_name", self.settings.sim_name)
        rows = {section: described(_flat(values)) for section, values in changed.items() if values}
        return Summary(f"Experiment {name}", rows or {"values": "the defaults"})

    def __str__(self) -> str:
        return repr(self)

    @cached_property
    def populations(self) -> Populations:
        """The layout of cluster space."""
        return Draft(self).populations

    def external_sources(self, name: Literal["c_ext", "nu_ext_baseline", "j_ext"]) -> NDArray[np.float64]:
        """A parameter of the external sources, population by population.

        Args:
            name: Which one.

        Returns:
            Array of shape ``(2, total_pops)``: external excitatory and external inhibitory source, in the
            parameter's unit. The inhibitory source is 0 unless four entries describe it.
        """
        value = getattr(self.external_currents, name)
        if isinstance(value, tuple) and len(value) == len(PATHWAYS):
            return np.array([self.populations.expand(value[:2]), self.populations.expand(value[2:])])
        excitatory = self.populations.expand(value)
        return np.array([excitatory, np.zeros_like(excitatory)])

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What a simulation of this experiment does other than the configuration says, one line each."""
        return tuple(warnings_of(Draft(self)))

    def check_precision(self, dtype: Precision) -> None:
        """Refuse thresholds that round to the reset voltage in a precision, before a job of many runs begins.

        Raises:
            InputError: The message names the first one.
        """
        if dtype == "float32" and (found := next(rounded_thresholds(Draft(self)), "")):
            raise InputError(found)

    def unperturbed(self, target: str) -> Any:
        """The value that a perturbation of a target acts on: the configured one, or the factor 1."""
        return unperturbed(target, Draft(self).__getitem__)

    def number(self, key: str) -> float | None:
        """The value of a key as written in overrides (``arousal.level``); None if it is not a number."""
        try:
            value = reduce(_entry, parse_key(key), self)
        except (AttributeError, IndexError, TypeError, ValueError):
            return None
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    @cached_property
    def timed_perturbations(self) -> dict[str, TimedPerturbation]:
        """The perturbations in cluster space and in time, by target."""
        return {
            target: block.timed(self.populations, perturbation_seed(self.settings.random_seed, target))
            for target, block in self.perturbation.blocks.items()
        }

    def replace(self, overrides: Overrides) -> Experiment:
        """Change some values.

        Args:
            overrides: ``{"init_params.duration_sec": 1.0}``, or strings ``"init_params.duration_sec=1.0"``.

        Returns:
            A new experiment. Derived values (``total_pops``) are derived again, unless they were given.

        Raises:
            ConfigError: The result is not valid.
        """
        return build_experiment(self.model_dump(exclude_unset=True), overrides)

    def with_seed(self, random_seed: int) -> Experiment:
        """The same experiment with another root seed, which is all that is validated, where all else is the same.

        Raises:
            ConfigError: It is not valid; or perturbations that are drawn from it are not.
        """
        is_valid = type(random_seed) is int and 0 <= random_seed <= MAX_SEED
        if not is_valid or any(block.follows_root_seed for block in self.perturbation.blocks.values()):
            return self.replace({"settings.random_seed": random_seed})
        return self.model_copy(update={"settings": self.settings.model_copy(update={"random_seed": random_seed})})

    def lasting(self, duration_sec: float | str | None = None, delta_t: float | str | None = None) -> Experiment:
        """The same experiment over another time. Perturbations end with the run at the latest; later ones are dropped.

        Args:
            duration_sec: Duration in seconds, or with a unit (``"500 ms"``); None to keep it.
            delta_t: Time step likewise; None to keep it.

        Raises:
            ConfigError: The result is not valid.
        """
        duration_sec = in_si(duration_sec, "s")
        times = {"init_params.duration_sec": duration_sec, "init_params.delta_t": delta_t}
        changes = {key: value for key, value in times.items() if value is not None}
        data = self.model_dump(exclude_unset=True)
        if isinstance(duration_sec, int | float):
            for target, block in self.perturbation.blocks.items():
                if block.time_dependence is not None and block.time_dependence.onset_time >= duration_sec:
                    del data["perturbation"][target]
                elif block.time_dependence is not None:
                    data["perturbation"][target]["time_dependence"] = block.time_dependence.until(duration_sec)
        return build_experiment(data, changes) if changes else self

    def to_yaml(self) -> str:
        """The resolved configuration with every key; loading it gives an equal experiment.

        Derived values (``n_inhibitory``, ``total_pops``) are left out, so that the text can be edited.
        """
        return to_yaml(self.resolved())

    def resolved(self) -> dict[str, Any]:
        """The resolved configuration as nested mappings."""
        return _dump(self)

    def determining(self) -> dict[str, Any]:
        """The part of `resolved` that affects simulations; of the settings only the seed.

        The theory of the mean field is not in it: what depends on that adds `theory_in_plan`.
        """
        resolved = self.resolved() | {"settings": {"random_seed": self.settings.random_seed}}
        del resolved["mean_field"]
        return resolved

    def theory_in_plan(self) -> dict[str, Any]:
        """Response and closure of the mean field where they are not the defaults, which older plans do not name."""
        return self.mean_field.model_dump(exclude_defaults=True)


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of sections within a section, beside those of their own."""
    return {
        key: value
        for name, each in values.items()
        for key, value in (_flat(each) if isinstance(each, Mapping) else {name: each}).items()
    }


def build_experiment(
    data: Any, overrides: Overrides = (), place: Callable[[KeyPath], Any] = lambda _: {}
) -> Experiment:
    """Validate plain data.

    Args:
        data: Sections, as mappings.
        overrides: Values that replace those in `data`.
        place: From a key path to its source and line, as keyword arguments of `Problem`.

    Raises:
        ConfigError: Every problem.
    """
    origins: dict[KeyPath, str] = {}
    problems: list[Problem] = []
    try:
        data = plain(data)
        if overrides:
            data, origins, problems = apply_overrides(data, overrides, json_schema(Experiment))
        data = all_in_si(data, lambda path: unit_at(path, json_schema(Experiment)))
    except RecursionError:
        raise ConfigError([TOO_DEEP]) from None
    experiment, found = validate(Experiment, data)
    problems = locate(problems, {}, place) + locate(found, origins, place)
    if problems or experiment is None:
        raise ConfigError(problems)
    return experiment


@cache
def unit_of(key: str) -> str:
    """Unit of the value of a key: ``Hz`` for ``external_currents.nu_ext_baseline[0]``; empty if it has none.

    Args:
        key: As written in overrides; it need not exist.
    """
    return unit_at(parse_key(key), json_schema(Experiment))


def _dump(section: Section) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, field in type(section).model_fields.items():
        value = getattr(section, key)
        if extra_of(field).get("derived") or (value is None and key != "offset_time"):
            continue
        data[key] = _dump(value) if isinstance(value, Section) else value
    return data


def _entry(container: Any, part: str | int) -> Any:
    return container[part] if isinstance(part, int) else getattr(container, part)
