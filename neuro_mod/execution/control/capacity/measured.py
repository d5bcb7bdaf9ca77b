"""Measured responses of states, in place of the states as vectors of 0 and 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.choices import ResponseOf
from neuro_mod.core.control.swaps import Swaps, noise_shares
from neuro_mod.core.spiking_net.analysis.states.names import state_name
from neuro_mod.errors import DataError, InputError, invalid
from neuro_mod.execution.control.capacity.sources import Source, named_states, size_of_most_time
from neuro_mod.execution.control.response.observed import ObservedResponses
from neuro_mod.execution.control.response.responses import Responses
from neuro_mod.populations import total_populations
from neuro_mod.storage.names import CONFIG
from neuro_mod.storage.reading import read_arrays

#: States that a message names, and seen states whose responses are taken where none are named, at most.
_SHOWN, _MAX_SEEN = 5, 60
_OPTION = "--responses"
_ARRAYS = ("states", "responses", "errors")


@dataclass(frozen=True, eq=False)
class Measured:
    """Responses of log p(S) to a shift of the external rate of each population.

    Attributes:
        responses: In 1/Hz, shape ``(n_states, P)``.
        errors: Standard errors, of the same shape.
        described: Where they come from.
        of_clusters: Responses of single clusters and their errors, shape ``(C, P)`` each, if those of a state are the
            sums of those of its clusters.
    """

    responses: NDArray[np.float64]
    errors: NDArray[np.float64]
    described: str
    of_clusters: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def noise(self, swaps: Swaps) -> NDArray[np.float64]:
        """See `noise_shares`, for each swap."""
        if self.of_clusters is not None:
            return noise_shares(swaps.gained, swaps.lost, *self.of_clusters)
        return noise_shares(swaps.state, swaps.other, self.responses, self.errors)


class ResponseSource(Protocol):
    """Where measured responses come from."""

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        ...

    def source(self, n_active: int | None) -> Source:
        """The states that have responses as a vocabulary, those of a size where they have several."""
        ...

    def of_states(self, source: Source) -> Measured:
        """The responses of the states of a vocabulary."""
        ...


def responses_of(path: Path, window: float | None, of: ResponseOf = "states") -> ResponseSource:
    """Responses of a folder of ``neuro-mod control response``, or of an ``.npz`` file.

    Args:
        path: Either of them; the file has the arrays ``states`` (names), ``responses`` ``(n_states, P)`` and
            ``errors``.
        window: Window of the responses in seconds; None for the longest.
        of: Of a folder: responses of log p(S) of the ``states``; or of the log odds of the ``clusters``, added up over
            those of a state, as if clusters were independent, which have much smaller errors.

    Raises:
        DataError: Files are damaged or missing.
        InputError: There is no such window.
    """
    if not path.is_file():
        return FolderOfResponses(path, window, of)
    for option, value in {"--window": window, "--response-of": None if of == "states" else of}.items():
        if value is not None:
            raise invalid(option, value, "no value with a file of responses")
    return _of_file(path)


def configuration_of(path: Path) -> Path | None:
    """The configuration of a folder of responses; None for a file."""
    return path / CONFIG if (path / CONFIG).is_file() else None


@dataclass(frozen=True, eq=False)
class FileOfResponses:
    """The responses of a file.

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

    def source(self, n_active: int | None) -> Source:
        """All its states.

        Raises:
            InputError: They are of several sizes, or this is no size of theirs.
        """
        vocabulary = named_states(self.names, self.n_clusters, [f"states[{i}]" for i in range(len(self.names))])
        if n_active not in (None, vocabulary.n_active):
            raise invalid("--size", n_active, f"{vocabulary.n_active}, that of the states of {self.measured.described}")
        return Source(vocabulary, f"those of {self.measured.described}")

    def of_states(self, source: Source) -> Measured:
        """The responses of some of its states.

        Raises:
            InputError: Some have none.
        """
        place = {name: index for index, name in enumerate(self.names)}
        wanted = _names(source)
        missing = [name for name in wanted if name not in place]
        if missing:
            raise InputError(
                f"{_OPTION}: no responses of {_listed(missing)} found; expected responses of all states; leave out "
                f"--states to take the {len(self.names)} states that have some"
            )
        rows = [place[name] for name in wanted]
        found = self.measured
        return Measured(found.responses[rows], found.errors[rows], found.described)


class FolderOfResponses:
    """The responses of a folder of ``neuro-mod control response``; arguments as for `responses_of`."""

    def __init__(self, path: Path, window: float | None, of: ResponseOf):
        self._responses, self._of, self._path = Responses(path), of, path
        windows = self._responses.observing.windows
        self._window = max(windows) if window is None else window

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return self._responses.populations.n_clusters

    def source(self, n_active: int | None) -> Source:
        """The states of one size that were seen most, of which responses are known.

        Raises:
            InputError: There are none of this size.
        """
        seen = self._responses.seen_states
        sizes = [len(each.members) for each in seen]
        shares = np.bincount(sizes, [each.share for each in seen], self.n_clusters + 1).astype(np.float64)
        size = size_of_most_time(shares, n_active)
        states = [each.members for each in seen if len(each.members) == size]
        names = [state_name(state) for state in states[:_MAX_SEEN]]
        if self._of == "states":
            names = [name for name, is_known in self._known(self._observed(names)).items() if is_known]
            if not names:
                raise InputError(
                    f"{self._path}: no state of {size} clusters was seen often enough; simulate more trials, or give "
                    "--response-of clusters"
                )
        vocabulary = named_states(names, self.n_clusters, names)
        return Source(vocabulary, f"{len(names)} of {len(states)} of {size} clusters that were seen in {self._path}")

    def of_states(self, source: Source) -> Measured:
        """The responses of the states of a vocabulary.

        Raises:
            InputError: A state was never seen, or too rarely for a standard error.
        """
        described = f"{self._path}, window {self._window:g} s"
        if self._of == "clusters":
            odds = self._responses.log_odds([self._window])
            single = self._in_populations(odds, odds.response[0]), self._in_populations(odds, odds.error[0])
            used = source.vocabulary.vectors.any(axis=0)
            unknown = np.flatnonzero(used & ~np.isfinite(np.hstack(single)).all(axis=1))
            if len(unknown):
                raise InputError(
                    f"{_OPTION}: no responses of clusters {', '.join(map(str, unknown))}, which were never or always "
                    "active; expected clusters that switch; simulate more trials, or leave them out of --states"
                )
            members = source.vocabulary.vectors
            errors = np.sqrt(members @ single[1] ** 2)
            return Measured(members @ single[0], errors, f"{described}, sums of log odds of clusters", single)
        names = _names(source)
        found = self._observed(names)
        if unknown := [name for name, is_known in self._known(found).items() if not is_known]:
            raise InputError(
                f"{_OPTION}: {_listed(unknown)} seen too rarely for a standard error; expected states that were seen "
                "in several trials; simulate more of them, leave out --states, or give --response-of clusters"
            )
        responses, errors = (self._in_populations(found, each[0]) for each in (found.response, found.error))
        return Measured(responses, errors, described)

    def _observed(self, names: Sequence[str]) -> ObservedResponses:
        with np.errstate(invalid="ignore", divide="ignore"):  # of states that were seen in a single block
            return self._responses.states(names, [self._window])

    def _known(self, found: ObservedResponses) -> dict[str, bool]:
        """Whether the responses of each state have standard errors, by its name."""
        names = [name.removeprefix("state ") for name in found.names]
        finite = [
            bool(np.isfinite(found.response[0, k]).all() and np.isfinite(found.error[0, k]).all())
            for k in range(len(names))
        ]
        return dict(zip(names, finite, strict=True))

    def _in_populations(self, found: ObservedResponses, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Numbers for populations with neurons as those for all, 0 for the others, shape ``(n, P)``."""
        populations = self._responses.populations
        spread = np.zeros((len(numbers), populations.total))
        spread[:, [populations.index(name) for name in found.populations]] = numbers
        return spread


def _of_file(path: Path) -> FileOfResponses:
    arrays = read_arrays(path)
    if missing := [name for name in _ARRAYS if name not in arrays]:
        raise DataError(f"{path}: no {' and '.join(missing)} found; expected the arrays {', '.join(_ARRAYS)}")
    names = [str(name) for name in arrays["states"]]
    responses, errors = (np.asarray(arrays[name], np.float64) for name in _ARRAYS[1:])
    check_shape(f"{path}: responses", responses, (len(names), "n_populations"))
    check_shape(f"{path}: errors", errors, responses.shape)
    if responses.shape[1] < total_populations(2) or responses.shape[1] % 2:
        raise invalid(f"{path}: responses", responses.shape[1], "2 p + 2 populations of a network with p clusters")
    return FileOfResponses(names, Measured(responses, errors, str(path)))


def _names(source: Source) -> list[str]:
    return [state_name(state) for state in source.vocabulary.states]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
