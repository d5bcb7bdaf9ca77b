"""Perturbations of the weights between clusters that depend only on the distance of the clusters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from neuro_mod.core.perturbations.base import Perturbation
from neuro_mod.core.perturbations.entries import Entries
from neuro_mod.errors import InputError, invalid
from neuro_mod.populations import EXCITATORY, INHIBITORY, Populations


class CirculantPerturbation(Perturbation):
    """Circulant blocks in cluster space: ``alpha`` for E→E and ``beta`` for I→E, zero elsewhere.

    Between the E cluster in place k of ``involved_clusters`` (receiving) and the cluster in place l (sending) the
    entry is ``alpha[(k - l) mod m]`` if the sender is excitatory, ``beta[(k - l) mod m]`` if it is inhibitory.
    The two coefficients of `get_perturbation` multiply the two blocks, `basis` of shape ``(2, P, P)``.

    Args:
        alpha: Entries of E→E by distance, shape ``(m,)``; drawn if left out.
        beta: Entries of I→E by distance, shape ``(m,)``; drawn if left out.
        populations: The layout of cluster space, P populations.
        involved_clusters: The m clusters among which it acts, from 0 to p - 1, in the order of the circle; all if left
            out.
        structured: Drawn entries are +1 or -1; otherwise normal.
        balance: Probability of +1.
        mean: Mean of normal entries.
        sigma: Standard deviation of normal entries.
        rng: Draws the entries.
        seed: Root seed of streams that draw them instead, the same on every machine.

    Raises:
        InputError: Lengths do not fit together, a cluster is out of range or repeated, or entries are to be drawn
            without ``seed`` and ``rng``.

    Examples:
        >>> from neuro_mod import CirculantPerturbation, load_experiment
        >>> populations = load_experiment("small").populations
        >>> alpha, beta = [0, 1, 0, 0, 0, 0], [0] * 6  # from each E cluster to the next
        >>> ring = CirculantPerturbation(alpha, beta, populations=populations)
        >>> ring.get_perturbation(0.1, 0.0)[:3, :3].tolist()
        [[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [0.0, 0.1, 0.0]]
    """

    def __init__(
        self,
        alpha: ArrayLike | None = None,
        beta: ArrayLike | None = None,
        *,
        populations: Populations,
        involved_clusters: Sequence[int] | None = None,
        structured: bool = True,
        balance: float = 0.5,
        mean: float = 0.0,
        sigma: float = 1.0,
        rng: np.random.Generator | None = None,
        seed: int | None = None,
    ):
        entries = Entries(structured, balance, mean, sigma, rng, seed)
        p = populations.n_clusters
        clusters = np.arange(p) if involved_clusters is None else np.asarray(involved_clusters)
        if not clusters.size:
            raise InputError("involved_clusters: none found; expected at least one cluster")
        whole = clusters.ndim == 1 and np.issubdtype(clusters.dtype, np.integer)
        if not (whole and len(np.unique(clusters)) == len(clusters) and np.isin(clusters, np.arange(p)).all()):
            raise invalid("involved_clusters", clusters.tolist(), f"distinct clusters from 0 to {p - 1}")
        place = np.arange(len(clusters))
        distance = (place[:, None] - place) % len(clusters)
        self.basis = np.zeros((2, populations.total, populations.total))
        for index, (name, given, kind) in enumerate((("alpha", alpha, EXCITATORY), ("beta", beta, INHIBITORY))):
            values = np.asarray(entries.draw(index, len(clusters)) if given is None else given, np.float64)
            if values.shape != clusters.shape or not np.isfinite(values).all():
                raise InputError(f"{name}: shape {values.shape} found; expected {len(clusters)} finite entries")
            senders = clusters + (p + 1) * (kind == INHIBITORY)
            self.basis[index][np.ix_(clusters, senders)] = values[distance]
