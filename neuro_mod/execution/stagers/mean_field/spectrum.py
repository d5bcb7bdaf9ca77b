"""The linear response about a stable steady state: susceptibilities, and spectra and covariances of rates."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.checks import whole_number
from neuro_mod.core.activity import members_by_activity
from neuro_mod.core.mean_field.core import FixedPoint, LinearResponse, fixed_points
from neuro_mod.core.mean_field.core.fixed_points import N_STARTS
from neuro_mod.core.mean_field.core.linear_response import check_window
from neuro_mod.core.mean_field.core.linearized import FREQUENCIES
from neuro_mod.errors import InputError, invalid
from neuro_mod.execution.figures import Drawings, drawn
from neuro_mod.execution.stagers.mean_field.base import MeanFieldOutputs, MeanFieldStager
from neuro_mod.execution.stagers.mean_field.full import MAX_RUNS, describe_state
from neuro_mod.execution.stagers.memory import demand_memory
from neuro_mod.populations import Populations
from neuro_mod.storage.files import Files
from neuro_mod.storage.json_values import json_value
from neuro_mod.storage.names import COVARIANCES_TABLE, LINEAR_RESPONSE, SPECTRA_TABLE
from neuro_mod.summaries import span

_Array = NDArray[np.float64]

#: Length in seconds of the windows in which rates covary.
WINDOW = 0.05
#: What the linear response leaves out under the renewal closure.
HELD = (
    "the regularity of spike trains (noise factors) is held as in the steady state, so that values at 0 Hz differ from "
    "those of mean-field sensitivity"
)
#: Bytes of the arrays of a pair of populations at a frequency.
_BYTES = 16 * 6
#: Rate in Hz below which spectra are drawn relative to it.
_SLOWEST = 1e-9


class SpectrumStager(MeanFieldStager):
    """Computes the linear response about a steady state.

    Arguments and errors are those of `MeanFieldStager`.

    Examples:
        >>> from neuro_mod import SpectrumStager
        >>> spectra = SpectrumStager("homogeneous", overrides=["mean_field.response=exact"]).run()
        >>> spectra["response"].spectra.shape  # frequencies, populations, populations
        (241, 38, 38)
        >>> figure = spectra.plot("spectra")
    """

    suffix = "_spectrum"
    what = "linear response"
    gives = "state, response, covariance"

    def run(
        self,
        n_active: int | None = None,
        *,
        frequencies: ArrayLike | None = None,
        window: float = WINDOW,
        delay: float = 0.0,
        n_runs: int = N_STARTS,
    ) -> Spectra:
        """Find a stable steady state, and the spectra of population rates about it.

        Args:
            n_active: Its number of active clusters; not needed if all stable states have the same.
            frequencies: In Hz, not negative, in addition to 241 from 0 to 1000 Hz.
            window: Length in seconds of the windows in which rates covary.
            delay: Seconds from a spike to its effect; half a time step for a comparison with a simulation.
            n_runs: Number of random starts of the search for states, at most `MAX_RUNS`.

        Returns:
            ``state``: the steady state; ``response``: see `core.mean_field.core.linear_response.LinearResponse`;
            ``covariance``: of the rates of populations in windows, in Hz^2, shape ``(P, P)``; ``metadata``.

        Raises:
            InputError: An argument is not valid, the response of the configuration is not exact, or there is no such
                state, or no single one.
            NumericalError: The state is unstable at a frequency above 0.
        """
        begin = time.perf_counter()
        every = FREQUENCIES if frequencies is None else np.union1d(FREQUENCIES, _given(frequencies))
        demand_memory(
            float(_BYTES) * len(every) * self.field.n_populations**2, "the linear response", "name fewer frequencies"
        )
        self.field.check_linear_response()
        check_window(window, float(every[-1]))
        found = fixed_points(self.field, whole_number("n_runs", n_runs, 0, MAX_RUNS), self.random_seed)
        state = _chosen(found.stable, n_active)
        response = self.field.linear_response(state, every, delay=delay)
        populations, covariance = self.circuit.populations, response.covariance(window)
        metadata = {
            "state": describe_state(state, populations),
            "searched": found.searched,
            "window_sec": window,
            "delay_sec": delay,
            "n_frequencies": len(response.frequencies),
            "groups": list(_groups(state, response, window, populations)),
            "cautions": list(response.cautions),
            "notes": [HELD] if self.theory.closure == "renewal" else [],
        }
        results = {"state": state, "response": response, "covariance": covariance}
        self.outputs = Spectra(results | {"metadata": metadata | self._about(begin)}, populations)
        return self.outputs


class Spectra(MeanFieldOutputs):
    """Results of `SpectrumStager`."""

    def _rows(self) -> dict[str, str]:
        about, response = self["metadata"], self["response"]
        return {
            "state": f"{about['state']['kind']}, {about['state']['n_active']} active",
            "frequencies": f"{about['n_frequencies']}, {span(response.frequencies, 'Hz')}",
            "window": f"{about['window_sec']:g} s",
        }

    def save(self, files: Files) -> None:
        """Save tables of spectra by population and of covariances by pair, and all as arrays."""
        names, response, covariance = self.populations.names, self["response"], self["covariance"]
        window, held = self["metadata"]["window_sec"], np.flatnonzero(response.sizes).tolist()
        files.save_table(SPECTRA_TABLE, _spectra_rows(response, names))
        correlation = response.correlation(window)
        pairs = [
            {
                "a": names[a],
                "b": names[b],
                "covariance_hz2": float(covariance[a, b]),
                "correlation": json_value(correlation[a, b]),
            }
            for i, a in enumerate(held)
            for b in held[i:]
        ]
        files.save_table(COVARIANCES_TABLE, pairs)
        arrays = {each.name: getattr(response, each.name) for each in fields(response) if each.name != "notes"}
        files.save_arrays(
            LINEAR_RESPONSE,
            populations=np.array(names),
            spectra=response.spectra,
            covariance=covariance,
            window_sec=np.array(window),
            **arrays,
        )

    def drawings(self) -> Drawings:
        """Susceptibilities and power spectra of the groups of populations."""
        # matplotlib is loaded only to draw
        from neuro_mod.plotting.mean_field.spectra import SpectrumLine, population_spectra  # noqa: PLC0415

        response, state = self["response"], self["state"]
        susceptibility, power = (
            np.abs(response.by_external_rate),
            response.power * response.sizes / np.maximum(response.rates, _SLOWEST),
        )
        lines = [
            SpectrumLine(group, susceptibility[:, members[0]], power[:, members[0]])
            for group, members in _members(state, response.sizes, self.populations).items()
        ]
        title = f"{state.kind}, {len(state.active)} active"
        return drawn({"spectra": partial(population_spectra, response.frequencies, lines, title)})


def _spectra_rows(response: LinearResponse, names: Sequence[str]) -> list[dict[str, Any]]:
    """A row for each frequency and each population with neurons."""
    susceptibility, power = response.by_external_rate, response.power
    return [
        {
            "frequency_hz": frequency,
            "population": names[a],
            "susceptibility_hz_per_hz": float(np.abs(susceptibility[f, a])),
            "susceptibility_phase": float(np.angle(susceptibility[f, a])),
            "power_hz": float(power[f, a]),
            "power_of_one_hz": float(response.spectrum_of_one[f, a]),
        }
        for f, frequency in enumerate(response.frequencies.tolist())
        for a in np.flatnonzero(response.sizes).tolist()
    ]


def _given(frequencies: ArrayLike) -> _Array:
    given = np.asarray(frequencies, np.float64)
    if not (np.isfinite(given) & (given >= 0)).all():
        raise invalid("frequencies", given.tolist(), "numbers in Hz from 0")
    return given


def _chosen(stable: tuple[FixedPoint, ...], n_active: int | None) -> FixedPoint:
    """The first stable state with so many active clusters."""
    if not stable:
        raise InputError("states: no stable state found; expected at least one; use more starts")
    numbers = sorted({len(point.active) for point in stable})
    if n_active is None and len(numbers) == 1:
        n_active = numbers[0]
    wanted = [point for point in stable if len(point.active) == n_active]
    if not wanted:
        known = ", ".join(map(str, numbers))
        expected = f"a number of active clusters of a stable state: {known}"
        raise invalid("n_active", n_active, expected, "choose one with --active, or n_active")
    return wanted[0]


def _members(state: FixedPoint, sizes: NDArray[np.int64], populations: Populations) -> dict[str, NDArray[np.int64]]:
    """Populations with neurons of each group, where it has any."""
    active = np.isin(np.arange(populations.n_clusters), np.asarray(state.active, np.int64))
    groups = members_by_activity(active, populations).items()
    held = {group: np.flatnonzero(each & (sizes > 0)) for group, each in groups}
    return {group: members for group, members in held.items() if len(members)}


def _groups(
    state: FixedPoint, response: LinearResponse, window: float, populations: Populations
) -> Iterator[dict[str, Any]]:
    """Of the first population of each group: rate, susceptibility at 0 Hz, deviation, correlations; for JSON."""
    deviation = np.sqrt(np.diagonal(response.covariance(window)))
    correlation = response.correlation(window)
    slowest = np.argmin(response.frequencies)
    for group, members in _members(state, response.sizes, populations).items():
        a = members[0]
        yield {
            "group": group,
            "rate_hz": float(response.rates[a]),
            "susceptibility": float(response.by_external_rate[slowest, a].real),
            "susceptibility_in_network": float(response.to_external_rate[slowest, a, a].real),
            "deviation_hz": float(deviation[a]),
            "correlation": json_value(correlation[a, members[1]]) if len(members) > 1 else None,
        }
