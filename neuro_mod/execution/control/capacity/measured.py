"""Measured responses of the probabilities of states, in place of the states as vectors of 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.core.spiking_net.analysis.states.names import state_name
from neuro_mod.errors import DataError, InputError, invalid
from neuro_mod.execution.control.capacity.sources import Source, state_vocabulary
from neuro_mod.populations import total_populations
from neuro_mod.storage.reading import read_arrays

#: States that a message names, at most.
_SHOWN = 5
_OPTION = "--responses"
_ARRAYS = ("states", "responses", "errors")


@dataclass(frozen=True, eq=False)
class Measured:
    """Responses of log p(S) to a shift of the external rate of each population.

    Attributes:
        responses: In 1/Hz, shape ``(n_states, P)``.
        errors: Standard errors, of the same shape.
        described: Where they come from.
    """

    responses: NDArray[np.float64]
    errors: NDArray[np.float64]
    described: str


@dataclass(frozen=True, eq=False)
class ResponseTable:
    """All responses of a file or folder.

    Attributes:
        names: Names of the states.
        measured: Their responses.
    """

    names: list[str]
    measured: Measured

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return (self.measured.responses.shape[1] - total_populations(0)) // 2

    def source(self) -> Source:
        """All their states as a vocabulary.

        Raises:
            InputError: They are of several sizes.
        """
        return Source(state_vocabulary(self.names, self.n_clusters), f"those of {self.measured.described}")

    def of_states(self, source: Source) -> Measured:
        """The responses of the states of a vocabulary.

        Raises:
            InputError: Some have none.
        """
        if source.vocabulary.n_clusters != self.n_clusters:
            raise invalid(_OPTION, f"{self.n_clusters} clusters", f"{source.vocabulary.n_clusters} clusters")
        place = {name: index for index, name in enumerate(self.names)}
        wanted = [state_name(state) for state in source.vocabulary.states]
        missing = [name for name in wanted if name not in place]
        if missing:
            shown = ", ".join(missing[:_SHOWN]) + (
                f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            )
            raise InputError(
                f"{_OPTION}: no responses of {shown} found; expected responses of all states; leave out --states to "
                f"take the {len(self.names)} states that have some"
            )
        rows = [place[name] for name in wanted]
        found = self.measured
        return Measured(found.responses[rows], found.errors[rows], found.described)


def responses_of_file(path: Path) -> ResponseTable:
    """Responses from an ``.npz`` file with the arrays ``states`` (names), ``responses`` and ``errors``.

    Raises:
        DataError: The file is damaged, or has no such arrays.
        InputError: Their shapes do not match.
    """
    arrays = read_arrays(path)
    if missing := [name for name in _ARRAYS if name not in arrays]:
        raise DataError(f"{path}: no {' and '.join(missing)} found; expected the arrays {', '.join(_ARRAYS)}")
    names = [str(name) for name in arrays["states"]]
    responses, errors = (np.asarray(arrays[name], np.float64) for name in _ARRAYS[1:])
    check_shape(f"{path}: responses", responses, (len(names), "n_populations"))
    check_shape(f"{path}: errors", errors, responses.shape)
    if responses.shape[1] < total_populations(2) or responses.shape[1] % 2:
        raise invalid(f"{path}: responses", responses.shape[1], "2 p + 2 populations of a network with p clusters")
    return ResponseTable(names, Measured(responses, errors, str(path)))


def responses_of(path: Path, window: float | None) -> ResponseTable:
    """Responses of a file, see `responses_of_file`, or of a folder of ``neuro-mod control response``.

    Args:
        path: Either of them.
        window: Window of the responses in seconds; None for the longest.

    Raises:
        DataError: The file is damaged.
        InputError: It is neither, or there is no such window.
    """
    if path.is_file():
        if window is not None:
            raise invalid("--window", window, "no value with a file of responses, which has one")
        return responses_of_file(path)
    raise invalid(_OPTION, str(path), f"an .npz file with the arrays {', '.join(_ARRAYS)}")
