"""The effective theory of a few focus populations, with all others in equilibrium.

References:
    Mascaro & Amit 1999, "Effective neural response function for collective population states".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.mean_field.core.newton import Linearization, find_or_relax, relax
from neuro_mod.core.mean_field.core.rate_equations import START, RateEquations
from neuro_mod.errors import InputError, invalid

_Array = NDArray[np.float64]


class EffectiveStates(NamedTuple):
    """States at given rates of the focus populations.

    Attributes:
        rates: Of all populations in Hz, the ambient ones in equilibrium, shape ``(B, P)``; NaN where none was found.
        response: Rates in Hz at which the focus populations fire then, shape ``(B, F)``.
        jacobian: Total derivative of the force ``response - rates``, through the ambient ones, shape ``(B, F, F)``.
        ambient_jacobian: Derivative of the equations of the ambient populations A, shape ``(B, A, A)``.
    """

    rates: _Array
    response: _Array
    jacobian: _Array
    ambient_jacobian: _Array


class EffectiveField:
    """The mean field of a few focus populations, with all others (the ambient ones) in equilibrium.

    Args:
        field: The mean field.
        focus_pops: Indices or, where the layout of cluster space is known, names of F populations.

    Raises:
        InputError: One does not exist or is repeated, or there is none.
    """

    def __init__(self, field: RateEquations, focus_pops: Sequence[int | str]):
        self.field = field
        self.focus = _chosen(field, focus_pops)
        self.ambient = np.setdiff1d(np.arange(field.n_populations), self.focus)

    def solve(self, nu: ArrayLike, start: ArrayLike | None = None) -> EffectiveStates:
        """The equilibrium of the ambient populations.

        Args:
            nu: Rates of the focus populations in Hz, shape ``(B, F)``.
            start: Rates of all populations from which the search starts, in Hz, shape ``(B, P)``. None to let them
                relax from 5 Hz.
        """
        focus = np.asarray(nu, np.float64)
        if focus.ndim != 2 or focus.shape[1] != len(self.focus):
            raise InputError(f"rates: shape {focus.shape} found; expected (B, {len(self.focus)})")
        rates = np.full((len(focus), self.field.n_populations), START)
        if start is not None:
            rates[:] = start
        rates[:, self.focus] = focus
        find = relax if start is None else find_or_relax
        found = find(self._of_ambient, rates[:, self.ambient], parameters=[focus])
        rates[:, self.ambient] = found.x
        return self._respond(rates, found.converged)

    def ambient_stable(self, states: EffectiveStates) -> NDArray[np.bool_]:
        """Whether the ambient equilibria attract while the focus populations stay, shape ``(B,)``."""
        known = np.flatnonzero(np.all(np.isfinite(states.rates), axis=1))
        eigenvalues = np.linalg.eigvals(states.ambient_jacobian[known] / self.field.tau_membrane[self.ambient, None])
        stable = np.zeros(len(states.rates), bool)
        stable[known] = np.all(eigenvalues.real < 0, axis=1)
        return stable

    def _of_ambient(self, ambient: _Array, focus: _Array) -> Linearization:
        rates = np.empty((len(focus), self.field.n_populations))
        rates[:, self.focus], rates[:, self.ambient] = focus, ambient
        value, jacobian = self.field.linearize(rates)
        return Linearization(value[:, self.ambient], jacobian[:, self.ambient[:, None], self.ambient])

    def _respond(self, rates: _Array, known: NDArray[np.bool_]) -> EffectiveStates:
        value, jacobian = self.field.linearize(rates)
        f, a = self.focus, self.ambient
        of_focus = jacobian[:, f[:, None], f]
        of_ambient = jacobian[:, a[:, None], a]
        ambient_follows = np.linalg.solve(of_ambient, jacobian[:, a[:, None], f])
        total = of_focus - jacobian[:, f[:, None], a] @ ambient_follows
        response = rates[:, f] + value[:, f]
        for values in (rates, response, total, of_ambient):
            values[~known] = np.nan
        return EffectiveStates(rates, response, total, of_ambient)


def _chosen(field: RateEquations, focus_pops: Sequence[int | str]) -> NDArray[np.int64]:
    """Indices of populations.

    Raises:
        InputError: See `EffectiveField`.
    """
    if field.populations is not None:
        indices = [field.populations.index(each) for each in focus_pops]
    else:
        indices = [each for each in focus_pops if isinstance(each, int | np.integer)]
        if len(indices) < len(focus_pops) or any(not 0 <= each < field.n_populations for each in indices):
            raise invalid("focus_pops", list(focus_pops), f"indices from 0 to {field.n_populations - 1}")
    if not indices or len(set(indices)) < len(indices):
        raise invalid("focus_pops", list(focus_pops), "at least one population, each once")
    return np.array(indices, np.int64)
