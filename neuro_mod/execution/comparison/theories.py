"""The theories of a comparison, each with its steady states."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neuro_mod.config import Experiment
from neuro_mod.core.mean_field.core import FixedPoint, FixedPoints
from neuro_mod.core.mean_field.core.exact.cache import place_of
from neuro_mod.core.mean_field.core.exact.response import pairs_of
from neuro_mod.core.mean_field.core.fixed_points import N_STARTS
from neuro_mod.core.mean_field.core.theory import THEORIES, Theory
from neuro_mod.errors import InputError, NeuroModError, invalid
from neuro_mod.execution.notices import notices_kept
from neuro_mod.execution.stagers import FullMeanFieldStager

_LOG = logging.getLogger(__name__)
#: Response tables that are computed for theories that nobody has asked for, at most.
_MOST_TABLES = 2
#: Random starts of other theories, of which only the stable state nearest to the simulation is shown; the search by
#: numbers of active clusters does not depend on it.
_N_STARTS_OF_OTHERS = 20
#: Values of z over which the mean field averages where the network has its own z for each neuron.
N_Z = 12


@dataclass(frozen=True, eq=False)
class Predicted:
    """What a theory predicts.

    Args:
        stager: The mean field.
        found: Its steady states.
    """

    stager: FullMeanFieldStager
    found: FixedPoints

    @property
    def theory(self) -> Theory:
        """Response and closure."""
        return self.stager.theory

    @property
    def states(self) -> tuple[FixedPoint, ...]:
        """The stable states; all if none is stable."""
        return self.found.stable or self.found.points

    def nearest(self, n_active: float) -> int | None:
        """Which of `states` has the number of active clusters nearest to this one; the first of several."""
        if not self.states:
            return None
        return int(np.argmin([abs(len(state.active) - n_active) for state in self.states]))


@dataclass(frozen=True, eq=False)
class Predictions:
    """What theories predict.

    Args:
        chosen: That of the configuration.
        others: The others.
        left_out: Why others are missing, by their names.
        notices: What is wrong with their response tables.
    """

    chosen: Predicted
    others: tuple[Predicted, ...]
    left_out: dict[str, str]
    notices: list[str]

    @property
    def all(self) -> tuple[Predicted, ...]:
        """All, in the order of `THEORIES`."""
        names = list(THEORIES)
        return tuple(sorted((self.chosen, *self.others), key=lambda each: names.index(str(each.theory))))


def stage_theory(experiment: Experiment, n_z: int | None) -> FullMeanFieldStager:
    """The mean field of a configuration; averaged over `N_Z` values of z where each neuron has its own, by default."""
    quenched = experiment.arousal.heterogeneity == "quenched"
    return FullMeanFieldStager(experiment, n_z=(N_Z if quenched else 1) if n_z is None else n_z)


def check_theories(names: Sequence[str] | None) -> None:
    """Refuse unknown names of theories.

    Raises:
        InputError: The message lists the known ones.
    """
    expected = f"some of {', '.join(THEORIES)}"
    if isinstance(names, str):
        raise invalid("theories", names, f"a list of {expected}")
    for name in names or ():
        if name not in THEORIES:
            raise invalid("theories", name, expected)


def predict(stager: FullMeanFieldStager, names: Sequence[str] | None = None) -> Predictions:
    """Find the steady states of a configuration in its own theory and in others.

    Args:
        stager: The mean field of the configuration.
        names: The others, as in ``exact/renewal``; all of `THEORIES` by default, of which those are left out with a
            warning that cannot be computed, or need more than two response tables that are not there yet.

    Raises:
        NeuroModError: The configuration's own theory, or one that is named, cannot be computed.
    """
    others: list[Predicted] = []
    left_out: dict[str, str] = {}
    with notices_kept() as notices:
        chosen = _predicted(stager)
        for name, theory in THEORIES.items():
            if theory == stager.theory or name not in (THEORIES if names is None else names):
                continue
            try:
                other = FullMeanFieldStager(stager.experiment, n_z=stager.n_z, **vars(theory))
                if names is None:
                    _check_tables(other)
                others.append(_predicted(other, _N_STARTS_OF_OTHERS))
            except (NeuroModError, ArithmeticError, np.linalg.LinAlgError, MemoryError) as error:
                if names is not None:
                    raise
                left_out[name] = str(error) or type(error).__name__
                _LOG.warning("%s is left out: %s", name, left_out[name])
    return Predictions(chosen, tuple(others), left_out, notices)


def _check_tables(stager: FullMeanFieldStager) -> None:
    """Refuse to compute many response tables before anything is simulated."""
    if stager.theory.response != "exact":
        return
    missing = sum(place_of(ratios) is None for ratios in pairs_of(stager.circuit.neurons))
    if missing > _MOST_TABLES:
        raise InputError(
            f"needs {missing} response tables that are not there yet; to have them computed, use --theories "
            f"{stager.theory}, or `neuro-mod mean-field table` first"
        )


def _predicted(stager: FullMeanFieldStager, n_starts: int = N_STARTS) -> Predicted:
    found = stager.run(n_starts)["distinct"]
    _LOG.info("%s: %d stable steady states", stager.theory, len(found.stable))
    return Predicted(stager, found)
