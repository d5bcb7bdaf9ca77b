"""A capacity with where its states come from: what it says, and which files it leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neuro_mod
from neuro_mod.choices import Competitors
from neuro_mod.core.control.capacity import N_RANDOM, Capacity, Subspace, capacity
from neuro_mod.core.spiking_net.analysis.states.names import state_name
from neuro_mod.errors import InputError, Interrupted
from neuro_mod.execution.control.capacity.measured import Measured
from neuro_mod.execution.control.capacity.sources import Source
from neuro_mod.execution.figures import Drawings, Look, drawn, save_figures
from neuro_mod.execution.progress import Counted, progress_shown
from neuro_mod.execution.provenance import provenance
from neuro_mod.execution.stagers.base import refuse_another
from neuro_mod.populations import Populations
from neuro_mod.storage.json_values import json_row
from neuro_mod.storage.locking import locked
from neuro_mod.storage.names import (
    CAPACITY,
    CAPACITY_TABLE,
    RUN,
    UNCOVERED_TABLE,
    VERIFICATION,
    directions_table,
    modes_file,
)
from neuro_mod.storage.run_folder import RunFolder

#: Percentiles of the margins of random subspaces, and pairs of clusters that a summary names, at most.
PERCENTILES, MAX_NAMED = (5, 50, 95), 20
#: Part of a difference of responses from which on noise makes up most of it.
MOSTLY_NOISE = 0.5
_MARGINS = ("optimum", "margin", "truncated_margin", "random_best", "isotropic", "closed_form")


@dataclass(frozen=True)
class Options:
    """How a capacity is computed.

    Attributes:
        modes: Numbers of modes.
        competitors: As for `capacity`.
        n_random: Number of random subspaces.
        seed: Root seed of all that is drawn.
    """

    modes: Sequence[int]
    competitors: Competitors = "vocabulary"
    n_random: int = N_RANDOM
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Study:
    """A capacity, and what it was computed from.

    Attributes:
        source: The vocabulary.
        measured: Measured responses; None for states as vectors of 0 and 1.
        options: How it was computed.
        found: The capacity.
    """

    source: Source
    measured: Measured | None
    options: Options
    found: Capacity

    @property
    def names(self) -> list[str]:
        """Names of the states."""
        return [state_name(state) for state in self.source.vocabulary.states]

    @property
    def populations(self) -> tuple[str, ...]:
        """Names of all populations of a network with so many clusters."""
        return Populations(self.source.vocabulary.n_clusters, (1, 1), (1, 1)).names

    def in_populations(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Vectors over all populations, shape ``(..., P)``: those over clusters are those of E clusters."""
        padding = [(0, 0)] * (vectors.ndim - 1) + [(0, len(self.populations) - vectors.shape[-1])]
        return np.pad(vectors, padding)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each number of modes; None where a value is undefined."""
        closed = self.found.closed_form
        return [
            self._row(each, None if closed is None else float(closed[index]))
            for index, each in enumerate(self.found.subspaces)
        ]

    def _row(self, subspace: Subspace, closed_form: float | None) -> dict[str, Any]:
        swap, swaps = self.found.hardest_swap(subspace), self.found.swaps
        percentiles = zip(PERCENTILES, np.percentile(subspace.random, PERCENTILES), strict=True)
        rounded = subspace.rounded
        return json_row(
            {
                "modes": subspace.n_modes,
                "optimum": subspace.optimum,
                "margin": rounded.margin,
                "part_of_optimum": subspace.reached,
                "truncated_margin": rounded.truncated_margin,
                **{f"random_percentile_{q}": value for q, value in percentiles},
                "random_best": subspace.random.max(),
                "isotropic": subspace.isotropic,
                "closed_form": closed_form,
                "hardest_state": self.names[int(swaps.state[swap])],
                "hardest_gained": int(swaps.gained[swap]),
                "hardest_lost": int(swaps.lost[swap]),
            }
        )

    def describe(self) -> dict[str, Any]:
        """A summary in numbers that JSON can hold."""
        vocabulary, options = self.source.vocabulary, self.options
        uncovered, never = vocabulary.uncovered, vocabulary.never_apart
        return {
            "version": neuro_mod.__version__,
            "states": self.source.described,
            "n_states": len(vocabulary),
            "n_active": vocabulary.n_active,
            "n_clusters": vocabulary.n_clusters,
            "competitors": options.competitors,
            "n_swaps": len(self.found.swaps),
            "n_differences": len(self.found.differences.vectors),
            "covers": not uncovered,
            "n_uncovered": len(uncovered),
            "uncovered": [list(pair) for pair in uncovered[:MAX_NAMED]],
            "n_never_apart": len(never),
            "never_apart": [list(pair) for pair in never[:MAX_NAMED]],
            "measured": None if self.measured is None else self._noise(self.measured),
            "random_seed": options.seed,
            "n_random": options.n_random,
            "margins": self.rows(),
        }

    def _noise(self, measured: Measured) -> dict[str, Any]:
        shares = measured.noise(self.found.swaps)
        return {
            "responses": measured.described,
            "of_clusters": measured.of_clusters is not None,
            "mostly_noise": int((shares > MOSTLY_NOISE).sum()),
            "median_noise_share": float(np.median(shares)),
        }

    def save(self, folder: RunFolder) -> None:
        """Save tables and arrays."""
        found, vocabulary, rows = self.found, self.source.vocabulary, self.rows()
        folder.save_table(CAPACITY_TABLE, rows)
        pairs = [{"has": i, "has_not": j} for i, j in vocabulary.uncovered]
        folder.save_table(UNCOVERED_TABLE, pairs, ("has", "has_not"))
        states = np.array(vocabulary.states, np.int64)
        folder.save_arrays(
            CAPACITY,
            modes=np.array([each.n_modes for each in found.subspaces]),
            optimum=np.array([each.optimum for each in found.subspaces]),
            margin=np.array([each.rounded.margin for each in found.subspaces]),
            random=np.array([each.random for each in found.subspaces]),
            relaxed=np.array([each.relaxed for each in found.subspaces]),
            states=states,
            targets=found.targets,
            populations=np.array(self.populations),
        )
        for each in found.subspaces:
            self._save_modes(folder, each, states)

    def _save_modes(self, folder: RunFolder, subspace: Subspace, states: NDArray[np.int64]) -> None:
        directions = self.found.directions(subspace)
        folder.save_arrays(
            modes_file(subspace.n_modes),
            modes=self.in_populations(subspace.rounded.modes),
            directions=self.in_populations(directions.vectors),
            reach=directions.reach,
            margins=directions.margins,
            states=states,
            populations=np.array(self.populations),
        )
        columns = self.populations[: self.found.n]
        numbers = zip(self.names, directions.margins, directions.reach, directions.vectors.tolist(), strict=True)
        rows = [
            json_row({"state": name, "margin": margin, "reach": reach} | dict(zip(columns, vector, strict=True)))
            for name, margin, reach, vector in numbers
        ]
        folder.save_table(directions_table(subspace.n_modes), rows)

    def drawings(self) -> Drawings:
        """The margins over the number of modes."""
        from neuro_mod.plotting.control.capacity import Margins, margins_by_modes  # noqa: PLC0415 -- loaded only to draw

        rows = self.rows()
        columns = {name: np.array([row[name] for row in rows], np.float64) for name in _MARGINS}
        low, median, high = (np.array([row[f"random_percentile_{q}"] for row in rows]) for q in PERCENTILES)
        margins = Margins(
            modes=np.array([row["modes"] for row in rows]),
            optimum=columns["optimum"],
            found=columns["margin"],
            random=(low, median, high),
            random_best=columns["random_best"],
            isotropic=columns["isotropic"],
            closed_form=None if self.found.closed_form is None else columns["closed_form"],
        )
        vocabulary, options = self.source.vocabulary, self.options
        against = "all of their size" if options.competitors == "all" else "each other"
        return drawn(
            {"capacity": partial(margins_by_modes, margins)},
            f"{len(vocabulary)} states of {vocabulary.n_active} of {vocabulary.n_clusters} clusters, against {against}",
            "" if self.measured is None else "measured responses",
            f"{options.n_random} random subspaces",
        )


def verification_folder(path: Path) -> Path:
    """Folder of the runs that verify a capacity, in its folder."""
    return path / VERIFICATION


def study_of(source: Source, options: Options, measured: Measured | None = None) -> Study:
    """Compute the capacity, on one core, showing the progress.

    Raises:
        InputError: An argument is not valid, or cvxpy is missing.
        NumericalError: A semidefinite program was not solved.
        Interrupted: On Ctrl-C.
    """
    numbers, quantity = sorted(set(options.modes)), Counted("solved", "numbers of modes")
    try:
        with progress_shown(len(numbers), quantity=quantity) as report:
            found = capacity(
                source.vocabulary,
                numbers,
                None if measured is None else measured.responses,
                competitors=options.competitors,
                n_random=options.n_random,
                seed=options.seed,
                report=report,
            )
    except ImportError as error:
        raise InputError(str(error)) from error
    except KeyboardInterrupt:
        raise Interrupted("interrupted; nothing was saved") from None
    return Study(source, measured, options, found)


def save_study(study: Study, path: Path, *, look: Look | None, force: bool = False) -> Any:
    """Save tables, arrays and figures of a capacity in a folder.

    Args:
        study: The capacity.
        path: The folder.
        look: How it is drawn; None for no figures.
        force: Replace other results.

    Returns:
        `Study.describe`, and ``files``.

    Raises:
        InputError: It holds other results.
        StorageError: It cannot be written to.
    """
    about = study.describe()
    plan = _plan(study)
    with locked(path):
        if not force:
            refuse_another(path, plan)
        folder = RunFolder(path, plan, force=force)
        study.save(folder)
        folder.save_json(RUN, about | provenance(json.dumps(plan)))
        folder.finish()  # the data are complete even if drawing is interrupted
        if look is not None:
            save_figures(folder.save, study.drawings(), look)
        return about | {"files": [str(file) for file in folder.finish()]}


def _plan(study: Study) -> Mapping[str, Any]:
    vocabulary, options = study.source.vocabulary, study.options
    return {
        "what": "capacity",
        "version": neuro_mod.__version__,
        "n_clusters": vocabulary.n_clusters,
        "states": study.names,
        "competitors": options.competitors,
        "responses": None if study.measured is None else study.measured.described,
        "n_random": options.n_random,
        "random_seed": options.seed,
    }
