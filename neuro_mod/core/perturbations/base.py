"""The base of all perturbations: elements in cluster space, and coefficients that combine them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.errors import InputError


class Perturbation:
    """A linear combination of basis elements in cluster space.

    Attributes:
        basis: The elements, shape ``(n_elements, *shape of one)``.
    """

    basis: NDArray[np.float64]

    def get_perturbation(self, *coefficients: ArrayLike) -> NDArray[np.float64]:
        """The combination ``sum_i coefficient_i element_i``.

        Args:
            *coefficients: One for each element, in the unit of the perturbed parameter: numbers, or arrays over time of
                shape ``(T,)``.

        Returns:
            Of the shape of one element; with arrays over time of shape ``(*shape, T)``.

        Raises:
            InputError: The number of coefficients is not that of the elements, or their lengths differ.
        """
        basis = self.basis
        if len(coefficients) != len(basis):
            raise InputError(f"coefficients: {len(coefficients)} found; expected {len(basis)}, one for each element")
        in_time = [np.asarray(coefficient, np.float64) for coefficient in coefficients]
        lengths = {coefficient.shape for coefficient in in_time} - {()}
        if len(lengths) > 1 or any(len(shape) > 1 for shape in lengths):
            shapes = ", ".join(str(coefficient.shape) for coefficient in in_time)
            raise InputError(f"coefficients: shapes {shapes} found; expected numbers, or arrays (T,) of one length")
        return np.tensordot(basis, np.stack(np.broadcast_arrays(*in_time)), axes=(0, 0))
