"""Branches of steady states over one parameter of the configuration."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.config.labels import label_of
from neuro_mod.core.mean_field.analysis.activity import rates_by_activity
from neuro_mod.core.mean_field.analysis.bifurcation import N_VALUES, Diagram, bifurcation_diagram
from neuro_mod.core.mean_field.analysis.branch import Branch, CriticalPoint
from neuro_mod.core.mean_field.analysis.critical import FOLD
from neuro_mod.core.mean_field.analysis.family import FieldFamily
from neuro_mod.core.mean_field.analysis.sensitivities import fold_sensitivities
from neuro_mod.core.mean_field.core import LIFMeanField
from neuro_mod.core.mean_field.core.exact.response import pairs_of
from neuro_mod.core.perturbations.targets import check_target
from neuro_mod.errors import InputError, invalid
from neuro_mod.execution.figures import Drawings, drawn
from neuro_mod.execution.stagers.mean_field.base import (
    SENSITIVITY_COLUMNS,
    MeanFieldOutputs,
    MeanFieldStager,
    build_mean_field,
    by_population,
    named_by_population,
)
from neuro_mod.populations import Populations
from neuro_mod.storage.files import Files
from neuro_mod.storage.names import BIFURCATION, BIFURCATION_TABLE, CRITICAL_POINTS_TABLE, FOLD_SENSITIVITIES_TABLE
from neuro_mod.summaries import described

_Array = NDArray[np.float64]

PARAMETER = "architecture.clusters.j_potentiated[0]"
_CRITICAL_COLUMNS = ("kind", "parameter", "branch", "n_active", "eigenvalues", "frequency_hz")


class BifurcationStager(MeanFieldStager):
    """Follows steady states over a parameter.

    Arguments and errors are those of `MeanFieldStager`.

    Examples:
        >>> from neuro_mod import BifurcationStager
        >>> branches = BifurcationStager("two_clusters").run("arousal.level", (0.0, 0.5), n_values=5)
        >>> branches
        Branches of 6 populations
          parameter        arousal.level, 0 to 0.5
          configured       0.0
          branches         2, 2 partly stable
          critical points  symmetry breaking at 0.402308
          theory           shifted response, poisson input
    """

    suffix = "_bifurcation"
    what = "bifurcation diagram"
    gives = "diagram, ..."

    def run(
        self,
        parameter: str = PARAMETER,
        limits: tuple[float, float] = (12.0, 19.5),
        *,
        n_active: Collection[int] | None = None,
        n_values: int = N_VALUES,
        alike: bool = True,
        targets: Sequence[str] = (),
    ) -> Branches:
        """Follow all branches that are found.

        Args:
            parameter: Key of a number of the configuration, such as ``arousal.level`` or
                ``perturbation.rate.params[0]``.
            limits: Its smallest and largest value, in its own unit.
            n_active: Numbers of active clusters of the states that are followed; all by default.
            n_values: Number of equidistant values of the parameter at which states are first searched for, beside the
                configured one.
            alike: Where all clusters are interchangeable, follow only states whose active clusters have equal rates.
            targets: Perturbed parameters with respect to which folds are differentiated.

        Returns:
            ``diagram``, with its ``branches`` by number of active clusters and their ``critical_points``;
            ``parameter``; ``configured``: its value in the configuration, None if it has none;
            ``fold_sensitivities``: by target the derivatives of the value of the parameter at each fold, with respect
            to perturbations of each population, per unit of the target, shape ``(n_folds, n_pops)``; ``metadata``.

        Raises:
            ConfigError: There is no such key, or a limit is not valid for it.
            InputError: An argument is not valid, or the populations change with the parameter.
        """
        begin = time.perf_counter()
        if not isinstance(parameter, str):
            raise invalid("parameter", parameter, f"the key of a number, such as {PARAMETER}")
        lower, upper = _limits(limits)
        n_values, followed = whole_number("n_values", n_values, 2), self._followed(n_active)
        configured = self.experiment.number(parameter)
        for target in targets:
            check_target(target)
        try:
            ends = [self._at(parameter, limit) for limit in (lower, upper)]  # messages show limits as they were given
            self._check_tables(parameter, ends)
            family = FieldFamily(lambda value: self._at(parameter, value), (lower, upper))
            at = [configured] if configured is not None and lower <= configured <= upper else []
            diagram = bifurcation_diagram(
                family, n_values=n_values, at=at, n_active=followed, alike=alike, seed=self.random_seed
            )
            folds = self._fold_sensitivities(family, diagram, parameter, targets)
        except InputError:
            raise
        except ValueError as error:
            raise InputError(f"{parameter}: {error}") from None
        metadata = (
            {"parameter": parameter, "limits": [lower, upper], "configured": configured}
            | _describe(diagram)
            | {"fold_sensitivities": named_by_population(folds, self.circuit.populations)}
            | {"interpolation_error": family.error}
            | self._about(begin)
        )
        results = {
            "diagram": diagram,
            "parameter": parameter,
            "label": label_of(parameter, self.experiment),
            "configured": configured,
            "fold_sensitivities": folds,
            "metadata": metadata,
        }
        self.outputs = Branches(results, self.circuit.populations)
        return self.outputs

    def _followed(self, n_active: Collection[int] | None) -> Collection[int] | None:
        """Numbers of active clusters; where all have the same rates, none is active."""
        valid = range(max(self.circuit.populations.n_clusters, 1))
        given = () if n_active is None else n_active
        if not isinstance(given, Collection) or not all(each in valid for each in given):
            hint = "where all clusters are alike, none counts as active"
            raise invalid("n_active", n_active, f"a list of numbers from 0 to {valid[-1]}", hint)
        return n_active

    def _check_tables(self, parameter: str, ends: Sequence[LIFMeanField]) -> None:
        """Refuse the exact response where every value of the parameter would take a table of its own.

        Args:
            parameter: Its key.
            ends: The mean field at its smallest and largest value.
        """
        first, last = (pairs_of(field.coefficients.neurons) for field in ends)
        if self.theory.response == "exact" and first != last:
            hint = f"each value of {parameter} would take a response table of its own; sweep it instead"
            raise invalid("mean_field.response", "exact", "shifted where time constants vary", hint)

    def _fold_sensitivities(
        self, family: FieldFamily, diagram: Diagram, parameter: str, targets: Sequence[str]
    ) -> dict[str, _Array]:
        """By target, shape ``(n_folds, P)``."""
        found: dict[str, list[_Array]] = {target: [] for target in targets}
        for point in _folds(diagram) if targets else ():
            field = self._at(parameter, point.parameter)
            changes = {target: field.coefficient_derivatives(target) for target in targets}
            for target, values in fold_sensitivities(family, point.parameter, point.rates, changes).items():
                found[target].append(values)
        return {target: np.array(rows).reshape(-1, self.field.n_populations) for target, rows in found.items()}

    def _at(self, parameter: str, value: float) -> LIFMeanField:
        return build_mean_field(self.experiment.replace({parameter: value}), self.perturbation_time, self.n_z)


class Branches(MeanFieldOutputs):
    """Results of `BifurcationStager`."""

    def _rows(self) -> dict[str, str]:
        about, diagram = self["metadata"], self["diagram"]
        lower, upper = about["limits"]
        points = [f"{each['kind']} at {each['parameter']:.6g}" for each in about["critical_points"]]
        return {
            "parameter": f"{self['parameter']}, {lower:g} to {upper:g}",
            "configured": described(self["configured"]),
            "branches": f"{len(diagram.branches)}, {sum(any(each.stable) for each in diagram.branches)} partly stable",
            "critical points": described(points),
        }

    def save(self, files: Files) -> None:
        """Save branches and critical points as tables, and the branches as arrays."""
        diagram = self["diagram"]
        files.save_table(BIFURCATION_TABLE, _rows(diagram, self.populations))
        files.save_table(CRITICAL_POINTS_TABLE, self["metadata"]["critical_points"], _CRITICAL_COLUMNS)
        if self["fold_sensitivities"]:
            rows = [
                {"branch": point.branch, "parameter": point.parameter} | about
                for index, point in enumerate(_folds(diagram))
                for about in by_population(self["fold_sensitivities"], index, self.populations, "parameter_per_unit")
            ]
            columns = ["branch", "parameter", *SENSITIVITY_COLUMNS, "parameter_per_unit"]
            files.save_table(FOLD_SENSITIVITIES_TABLE, rows, columns)
        branches = diagram.branches
        lengths = [len(branch.parameter) for branch in branches]
        fields = ("parameter", "rates", "stable", "leading", "n_unstable")
        files.save_arrays(
            BIFURCATION,
            branch=np.repeat(np.arange(len(branches)), lengths),
            **{name: np.concatenate([getattr(branch, name) for branch in branches]) for name in fields if branches},
        )

    def drawings(self) -> Drawings:
        """The diagram, if there are branches."""
        # matplotlib is loaded only to draw
        from neuro_mod.plotting.mean_field.bifurcation import CriticalPoints, DrawnBranch, bifurcation_diagram  # noqa: PLC0415

        diagram, label = self["diagram"], self["label"]
        if not diagram.branches:
            return {}
        populations, critical = self.populations, diagram.critical_points
        branches = [
            DrawnBranch(branch.parameter[part], high, branch.stable[part], len(active), low)
            for branch in diagram.branches
            for part, active in _parts(branch)
            for high, low in [_excitatory(branch.rates[part], active, populations)]
        ]
        rates = [_excitatory(point.rates[None], _active_at(diagram, point), populations)[0] for point in critical]
        points = CriticalPoints(
            np.array([point.parameter for point in critical]),
            np.concatenate([*rates, np.empty(0)]),
            [point.kind for point in critical],
        )
        lower, upper = diagram.limits
        configured = self["configured"]
        within = configured if configured is not None and lower <= configured <= upper else None
        return drawn({"bifurcation": partial(bifurcation_diagram, branches, points, label, current=within)})


def _folds(diagram: Diagram) -> list[CriticalPoint]:
    return [point for point in diagram.critical_points if point.kind == FOLD]


def _limits(limits: tuple[float, float]) -> tuple[float, float]:
    try:
        lower, upper = map(float, limits)
    except (TypeError, ValueError):
        raise invalid("limits", limits, "(smallest, largest)") from None
    if not -np.inf < lower < upper < np.inf:
        raise invalid("limits", limits, "finite values, the smallest first")
    return lower, upper


def _parts(branch: Branch) -> Iterator[tuple[slice, tuple[int, ...]]]:
    """Parts of a branch with the same active clusters, each up to the first point of the next."""
    begin = 0
    for active, points in groupby(branch.active_along):
        end = begin + len(list(points))
        yield slice(begin, end + 1), active
        begin = end


def _active_at(diagram: Diagram, point: CriticalPoint) -> tuple[int, ...]:
    return diagram.branches[point.branch].active_along[point.position]


def _excitatory(rates: _Array, active: tuple[int, ...], populations: Populations) -> tuple[_Array, _Array | None]:
    """Rates of active E clusters along a branch in Hz, and of the others; of all where none is active."""
    groups = [rates_by_activity(each, active, populations) for each in rates]
    named = [[each[f"E {name}"] for each in groups] for name in ("active", "inactive", "background")]
    high, *others = [np.array(values, np.float64) for values in named if None not in values]
    return high, others[0] if active else None


def _describe(diagram: Diagram) -> dict[str, Any]:
    """Metadata of a diagram, which JSON can hold."""
    return {
        "searched": diagram.searched,
        "branches": [
            {
                "n_active": [len(active) for active, _ in groupby(branch.active_along)],
                "multiplicity": branch.multiplicity,
                "from": float(branch.parameter.min()),
                "to": float(branch.parameter.max()),
                "stable": _stretches(branch.parameter, branch.stable),
                "ends": list(branch.ends),
                "points": len(branch.parameter),
            }
            for branch in diagram.branches
        ],
        "critical_points": [
            dict(zip(_CRITICAL_COLUMNS, _critical_row(diagram, point), strict=True))
            for point in diagram.critical_points
        ],
    }


def _critical_row(diagram: Diagram, point: CriticalPoint) -> tuple[Any, ...]:
    frequency = abs(point.eigenvalue.imag) / (2 * np.pi)
    n_active = len(_active_at(diagram, point))
    return point.kind, point.parameter, point.branch, n_active, point.repeats, frequency


def _stretches(parameter: NDArray[Any], stable: NDArray[Any]) -> list[list[float]]:
    """Ranges of the parameter over which a branch is stable."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], stable, [False]]).astype(int)))
    last = len(parameter) - 1
    return [
        sorted([float(parameter[max(begin - 1, 0)]), float(parameter[min(end, last)])])
        for begin, end in edges.reshape(-1, 2)
    ]


def _rows(diagram: Diagram, populations: Populations) -> list[dict[str, Any]]:
    """A row for each point of each branch."""
    rows: list[dict[str, Any]] = []
    for number, branch in enumerate(diagram.branches):
        for k, (rates, active) in enumerate(zip(branch.rates, branch.active_along, strict=True)):
            about = {
                "branch": number,
                "n_active": len(active),
                "active": " ".join(map(str, active)),
                "parameter": float(branch.parameter[k]),
                "stable": bool(branch.stable[k]),
                "n_unstable": int(branch.n_unstable[k]),
                "leading_eigenvalue": float(branch.leading[k]),
            }
            groups = rates_by_activity(rates, active, populations)
            rows.append(about | {f"{group}_hz": rate for group, rate in groups.items()})
    return rows
