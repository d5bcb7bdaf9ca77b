"""How steady states and their eigenvalues change with perturbations."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.core.activity import members_by_activity
from neuro_mod.core.mean_field.core import FixedPoint, Sensitivity, fixed_points
from neuro_mod.core.mean_field.core.fixed_points import N_STARTS
from neuro_mod.core.perturbations.targets import check_target
from neuro_mod.errors import InputError, NumericalError, invalid
from neuro_mod.execution.figures import Draw, Drawings, drawn
from neuro_mod.execution.stagers.mean_field.base import MeanFieldOutputs, MeanFieldStager
from neuro_mod.execution.stagers.mean_field.full import MAX_RUNS, describe_state
from neuro_mod.execution.stagers.memory import demand_memory
from neuro_mod.populations import Populations
from neuro_mod.storage.files import Files
from neuro_mod.storage.json_values import json_value
from neuro_mod.storage.names import SENSITIVITIES, SENSITIVITIES_TABLE
from neuro_mod.summaries import described

_Array = NDArray[np.float64]

STABLE, ALL = "stable", "all"
#: Bytes of the derivatives of a rate and of an eigenvalue.
_BYTES = 8 + 16
#: Figures, one a state, at most.
_MAX_FIGURES = 6


class SensitivityStager(MeanFieldStager):
    """Computes how steady states change with perturbations.

    Arguments and errors are those of `MeanFieldStager`.

    Examples:
        >>> from neuro_mod import SensitivityStager
        >>> SensitivityStager("two_clusters").run(targets=["rate"])
        Sensitivities of 6 populations
          states    stable focus, 1 active
          targets   rate
          left out  0 marginal states
          theory    shifted response, poisson input
    """

    suffix = "_sensitivity"
    what = "sensitivities"
    gives = "states, sensitivities, ..."

    def run(
        self,
        targets: Sequence[str] | None = None,
        *,
        n_active: Collection[int] | None = None,
        states: str = STABLE,
        n_runs: int = N_STARTS,
    ) -> Sensitivities:
        """Find steady states, and their derivatives with respect to perturbations of each population.

        Args:
            targets: Perturbed parameters; all by default.
            n_active: Numbers of active clusters of the states that are taken; all by default.
            states: ``stable`` or ``all``.
            n_runs: Number of random starts of the search for states, at most `MAX_RUNS`.

        Returns:
            ``states``: the steady states; ``sensitivities``: of each of them, by target, see
            `core.mean_field.core.sensitivity.Sensitivity`; ``metadata``.

        Raises:
            InputError: An argument is not valid, or there is no such state.
        """
        begin = time.perf_counter()
        if isinstance(targets, str):
            raise invalid("targets", targets, "a list of parameters")
        chosen = self.field.targets if targets is None else tuple(dict.fromkeys(targets))
        for target in chosen:
            check_target(target)
        if not chosen:
            raise invalid("targets", list(chosen), "at least one parameter")
        if states not in (STABLE, ALL):
            raise invalid("states", states, f"{STABLE} or {ALL}")
        found = fixed_points(self.field, whole_number("n_runs", n_runs, 0, MAX_RUNS), self.random_seed)
        wanted = [point for point in found if states == ALL or point.stable]
        if n_active is not None:
            numbers = sorted({len(point.active) for point in wanted})
            wanted = [point for point in wanted if len(point.active) in n_active]
            if not wanted:
                hint = f"{states} states were found with {', '.join(map(str, numbers)) or 'no'} active clusters"
                raise invalid("n_active", sorted(n_active), "numbers of active clusters of states", hint)
        if not wanted:
            raise InputError(
                f"states: no {states} state found; expected at least one; use states={ALL!r} or more starts"
            )
        n_bytes = float(_BYTES) * len(wanted) * len(chosen) * self.field.n_populations**2
        demand_memory(n_bytes, f"sensitivities of {len(wanted)} states", "name fewer targets or numbers of clusters")
        kept: list[tuple[FixedPoint, dict[str, Sensitivity]]] = []
        for point in wanted:
            try:
                kept.append((point, self.field.sensitivity(point, chosen)))
            except NumericalError:  # marginal, without derivatives; counted
                continue
        populations = self.circuit.populations
        metadata = _describe(kept, populations) | {
            "targets": list(chosen),
            "searched": found.searched,
            "n_marginal": len(wanted) - len(kept),
        }
        results = {
            "states": tuple(point for point, _ in kept),
            "sensitivities": tuple(each for _, each in kept),
            "metadata": metadata | self._about(begin),
        }
        self.outputs = Sensitivities(results, populations)
        return self.outputs


class Sensitivities(MeanFieldOutputs):
    """Results of `SensitivityStager`."""

    def _rows(self) -> dict[str, str]:
        about = self["metadata"]
        return {
            "states": described([f"{state['kind']}, {state['n_active']} active" for state in about["states"]]),
            "targets": described(about["targets"]),
            "left out": f"{about['n_marginal']} marginal states",
        }

    def save(self, files: Files) -> None:
        """Save a table with a row for each state, target and perturbed population, and all derivatives as arrays."""
        states, found, populations = self["states"], self["sensitivities"], self.populations
        names = populations.names
        rows = [
            about | {f"{name}_hz": float(rate) for name, rate in zip(names, each.rates[a], strict=True)}
            for index, (point, by_target) in enumerate(zip(states, found, strict=True))
            for each in by_target.values()
            for a, about in enumerate(_rows(index, point, each, populations))
        ]
        columns = ["state", "n_active", "target", "unit", "perturbed", "group", "one_sided", "leading_eigenvalue"]
        files.save_table(SENSITIVITIES_TABLE, rows, [*columns, *(f"{name}_hz" for name in names)])
        targets, p = self["metadata"]["targets"], populations.total
        shape = (len(states), len(targets), p, p)

        def stacked(name: str) -> NDArray[Any]:
            return np.array([[getattr(each[target], name) for target in targets] for each in found])

        files.save_arrays(
            SENSITIVITIES,
            targets=np.array(targets),
            populations=np.array(names),
            state_rates=np.array([point.rates for point in states]).reshape(len(states), p),
            active=np.array([np.isin(np.arange(populations.n_clusters), point.active) for point in states]),
            eigenvalues=np.array([each[targets[0]].values for each in found]).reshape(len(states), p),
            groups=np.array([each[targets[0]].groups for each in found]).reshape(len(states), p),
            rates=stacked("rates").reshape(shape),
            eigenvalue_derivatives=stacked("eigenvalues").reshape(shape),
            leading=stacked("leading").reshape(shape[:3]),
            one_sided=stacked("one_sided").reshape(shape[:3]),
        )

    def drawings(self) -> Drawings:
        """A figure for each of the first states."""
        # matplotlib is loaded only to draw
        from neuro_mod.plotting.mean_field.sensitivities import SensitivityPanel, sensitivity_maps  # noqa: PLC0415

        def panels(by_target: Mapping[str, Sensitivity]) -> list[SensitivityPanel]:
            return [SensitivityPanel(t, each.unit, each.rates, each.leading) for t, each in by_target.items()]

        draws: dict[str, Draw] = {}
        for index, (point, by_target) in enumerate(zip(self["states"], self["sensitivities"], strict=True)):
            if index < _MAX_FIGURES:
                title = f"state {index}: {point.kind}, {len(point.active)} active"
                draws[f"sensitivities_{index}"] = partial(sensitivity_maps, panels(by_target), self.populations, title)
        return drawn(draws)


def _describe(kept: Sequence[tuple[FixedPoint, Mapping[str, Sensitivity]]], populations: Populations) -> dict[str, Any]:
    """Metadata of sensitivities, which JSON can hold."""
    return {
        "states": [
            describe_state(point, populations) | {"leading_repeats": _repeats(by_target)} for point, by_target in kept
        ],
        "effects": [
            effect
            for index, (point, by_target) in enumerate(kept)
            for each in by_target.values()
            for effect in _effects(index, point, each, populations)
        ],
    }


def _repeats(by_target: Mapping[str, Sensitivity]) -> int:
    """How many eigenvalues are equal to the leading one."""
    groups = next(iter(by_target.values())).groups
    return int((groups == groups[0]).sum())


def _effects(index: int, point: FixedPoint, found: Sensitivity, populations: Populations) -> Iterator[dict[str, Any]]:
    """Effects of perturbing the first population of each group, on itself and on average over the others of a group."""
    groups = _groups(point, populations)
    for group, members in groups.items():
        if not members.any():
            continue
        perturbed = int(members.argmax())
        effect: dict[str, Any] = {
            "state": index,
            "target": found.target,
            "unit": found.unit,
            "group": group,
            "perturbed": populations.names[perturbed],
            "leading_eigenvalue": json_value(found.leading[perturbed]),
            "one_sided": bool(found.one_sided[perturbed]),
            "itself_hz": float(found.rates[perturbed, perturbed]),
        }
        for name, others in groups.items():
            rest = others & (np.arange(populations.total) != perturbed)
            effect[f"{name}_hz"] = float(found.rates[perturbed, rest].mean()) if rest.any() else None
        yield effect


def _rows(index: int, point: FixedPoint, found: Sensitivity, populations: Populations) -> Iterator[dict[str, Any]]:
    """What identifies each row of the table, and the eigenvalue."""
    groups = _groups(point, populations)
    for a, name in enumerate(populations.names):
        yield {
            "state": index,
            "n_active": len(point.active),
            "target": found.target,
            "unit": found.unit,
            "perturbed": name,
            "group": next((group for group, members in groups.items() if members[a]), ""),
            "one_sided": bool(found.one_sided[a]),
            "leading_eigenvalue": float(found.leading[a]),
        }


def _groups(point: FixedPoint, populations: Populations) -> dict[str, NDArray[np.bool_]]:
    """Populations with neurons by the activity of their cluster."""
    active = np.isin(np.arange(populations.n_clusters), np.asarray(point.active, np.int64))
    held = populations.sizes > 0
    return {group: members & held for group, members in members_by_activity(active, populations).items()}
