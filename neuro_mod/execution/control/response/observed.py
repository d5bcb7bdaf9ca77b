"""Responses of observables, as they are asked for, printed and saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.control.estimates import Estimates
from neuro_mod.errors import invalid
from neuro_mod.summaries import ShownFields

#: Columns of a table of responses.
COLUMNS = (
    *("observable", "population", "window_sec", "value", "value_standard_error"),
    *("response", "standard_error", "unit", "resolved"),
)


@dataclass(frozen=True, eq=False, repr=False)
class ObservedResponses(ShownFields):
    """Values of k observables, and their responses to shifts of P populations that began W windows ago.

    Args:
        names: Names of the observables.
        unit: Unit of the values; empty for probabilities and logarithms. Responses are per Hz.
        windows: In seconds, shape ``(W,)``.
        populations: What is shifted: names of populations; or, as a cluster sees them, ``own E``, ``another E``,
            ``E background``, and likewise I.
        value: Shape ``(W, k)``; the same for all windows but where the observable itself has a lag, which is the
            window.
        value_error: Their standard errors, likewise.
        response: Per Hz, shape ``(W, k, P)``; NaN where it is not defined.
        error: Their standard errors, likewise.
    """

    names: tuple[str, ...]
    unit: str
    windows: NDArray[np.float64]
    populations: tuple[str, ...]
    value: NDArray[np.float64]
    value_error: NDArray[np.float64]
    response: NDArray[np.float64]
    error: NDArray[np.float64]

    @property
    def unit_of_response(self) -> str:
        """Unit of the responses."""
        return f"{self.unit or 1}/Hz"

    @property
    def resolved(self) -> NDArray[np.bool_]:
        """Whether a response is larger than its standard error, shape ``(W, k, P)``."""
        with np.errstate(invalid="ignore"):
            return np.abs(self.response) > self.error

    @property
    def z(self) -> NDArray[np.float64]:
        """Responses in units of their standard errors, shape ``(W, k, P)``."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.response / self.error

    def gradient(self, name: str, window: float | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Responses of one observable to the shifts of all populations, and their standard errors, shape ``(P,)``.

        Args:
            name: The observable.
            window: In seconds; the longest by default.

        Raises:
            InputError: There is no such observable or window.
        """
        if name not in self.names:
            raise invalid("observable", name, f"one of {', '.join(self.names)}")
        place = self.place(window), self.names.index(name)
        return self.response[place], self.error[place]

    def place(self, window: float | None) -> int:
        """Index of a window.

        Raises:
            InputError: There is no such window.
        """
        if window is None:
            return int(np.argmax(self.windows))
        near = int(np.argmin(np.abs(self.windows - window)))
        if not np.isclose(self.windows[near], window, rtol=1e-6, atol=1e-9):
            raise invalid("window", window, f"one of {', '.join(f'{each:g}' for each in self.windows)} s")
        return near

    def part(self, chosen: slice, unit: str) -> ObservedResponses:
        """Some of the observables, whose unit this is."""
        return replace(
            self,
            names=self.names[chosen],
            unit=unit,
            value=self.value[:, chosen],
            value_error=self.value_error[:, chosen],
            response=self.response[:, chosen],
            error=self.error[:, chosen],
        )

    def without_constants(self, constants: Sequence[float]) -> ObservedResponses:
        """The same with NaN where nothing is known, as the value is infinite or one of these: it never varied."""
        constant = (~np.isfinite(self.value) | np.isin(self.value, constants)).any(axis=0)
        response, error = self.response.copy(), self.error.copy()
        response[:, constant], error[:, constant] = np.nan, np.nan
        return replace(self, response=response, error=error)

    def rows(self, window: float | None = None) -> list[dict[str, Any]]:
        """One row for each window, observable and population, with its errors; NaN where not defined."""
        chosen = range(len(self.windows)) if window is None else [self.place(window)]
        resolved = self.resolved
        return [
            dict(
                zip(
                    COLUMNS,
                    (
                        name,
                        population,
                        float(self.windows[w]),
                        float(self.value[w, k]),
                        float(self.value_error[w, k]),
                        float(self.response[w, k, a]),
                        float(self.error[w, k, a]),
                        self.unit_of_response,
                        bool(resolved[w, k, a]),
                    ),
                    strict=True,
                )
            )
            for w in chosen
            for k, name in enumerate(self.names)
            for a, population in enumerate(self.populations)
        ]

    def frame(self, window: float | None = None) -> pd.DataFrame:
        """The rows as a table."""
        return pd.DataFrame(self.rows(window), columns=list(COLUMNS))


def from_estimates(
    names: Sequence[str],
    unit: str,
    windows: Sequence[float],
    populations: Sequence[str],
    found: Sequence[Estimates],
) -> ObservedResponses:
    """Responses from one estimate for all windows, or from one for each."""
    n = len(windows)
    value, value_error = (
        np.stack([getattr(found[min(w, len(found) - 1)], name) for w in range(n)]) for name in ("value", "value_error")
    )
    response, error = (np.concatenate([getattr(each, name) for each in found]) for name in ("response", "error"))
    return ObservedResponses(
        tuple(names),
        unit,
        np.asarray(windows, np.float64),
        tuple(populations),
        value,
        value_error,
        response,
        error,
    )


def joined(parts: Sequence[ObservedResponses], window: float | None = None) -> pd.DataFrame:
    """The tables of several kinds of observables, one below the other."""
    rows = [row for part in parts for row in part.rows(window)]
    return pd.DataFrame(rows, columns=list(COLUMNS))
