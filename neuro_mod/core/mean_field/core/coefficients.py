"""The arrays from which inputs and responses of a mean field are computed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.mean_field.core.theory import DEFAULT_THEORY, Theory
from neuro_mod.core.neurons import NeuronParameters

_Array = NDArray[np.float64]


class Moments(NamedTuple):
    """Input of each population, or a contribution to it.

    Attributes:
        mu: Mean of the free membrane voltage in threshold units.
        variance: ``sigma^2`` in squared threshold units.
    """

    mu: _Array
    variance: _Array


@dataclass(frozen=True, eq=False)
class Coefficients:
    """Inputs are linear in the rates: ``by_rate @ nu + external``, for mean and variance.

    Args:
        by_rate: Per Hz of each population ``[post, pre]``, shape ``(P, P)`` each.
        external: From outside, for each of Q values of z, shape ``(Q, P)`` each.
        neurons: Parameters of the neurons, shape ``(P,)`` each.
        z_weights: Weights of the values of z, summing to 1, shape ``(Q,)``.
        theory: How rates follow from the input.
    """

    by_rate: Moments
    external: Moments
    neurons: NeuronParameters
    z_weights: _Array
    theory: Theory = DEFAULT_THEORY

    def lumped(self, groups: ArrayLike) -> Self:
        """Merge the populations of each group into one.

        Exact for rates that are equal within groups of interchangeable populations.

        Args:
            groups: Group 0, ..., G-1 of each population, shape ``(P,)``.
        """
        groups = np.asarray(groups)
        members = groups == np.arange(groups.max() + 1)[:, None]
        first = members.argmax(axis=1)
        return replace(
            self,
            by_rate=Moments(*(each[first] @ members.T for each in self.by_rate)),
            external=Moments(*(each[:, first] for each in self.external)),
            neurons=self.neurons.map(lambda values: values[first]),
        )

    def reordered(self, order: NDArray[np.int64]) -> Self:
        """The same with population ``order[a]`` in place of population a."""
        return replace(
            self,
            by_rate=Moments(*(each[np.ix_(order, order)] for each in self.by_rate)),
            external=Moments(*(each[:, order] for each in self.external)),
            neurons=self.neurons.map(lambda values: values[order]),
        )

    def flat(self) -> _Array:
        """All numbers but the weights of z, shape ``(n,)``."""
        return np.concatenate([each.ravel() for each in (*self.by_rate, *self.external, *self.neurons)])

    def with_flat(self, flat: _Array) -> Self:
        """The same with other numbers, in the order of `flat`; they are not checked."""
        begin = 0

        def cut(like: _Array) -> _Array:
            nonlocal begin
            begin += like.size
            return flat[begin - like.size : begin].reshape(like.shape)

        return replace(
            self,
            by_rate=Moments(*map(cut, self.by_rate)),
            external=Moments(*map(cut, self.external)),
            neurons=self.neurons.map(cut),
        )
