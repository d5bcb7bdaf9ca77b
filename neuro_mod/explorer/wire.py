"""Frames: what happened since the latest one, as bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_HEADER = struct.Struct("<4sIddIIIIII")
_MAGIC = b"NMX1"
#: Spikes, bins and samples in a frame; what a slow page does not fetch is thinned, or its beginning is left out.
MAX_SPIKES, MAX_BINS, MAX_SAMPLES = 60_000, 2_000, 20_000

_MAX_THINNED = 2**16


class Part(NamedTuple):
    """What one network did.

    Attributes:
        times: Of spikes in seconds since the start, shape ``(n,)``.
        places: Of their neurons among the drawn ones, shape ``(n,)``.
        first: Index of the first bin.
        rates: Mean rates in bins in Hz, shape ``(n_bins, P)``.
    """

    times: NDArray[np.float64]
    places: NDArray[np.uint16]
    first: int
    rates: NDArray[np.float32]

    def then(self, later: Part) -> Part:
        """Both, one after the other."""
        return Part(
            np.concatenate([self.times, later.times]),
            np.concatenate([self.places, later.places]),
            self.first if len(self.rates) else later.first,
            np.concatenate([self.rates, later.rates]),
        )

    def cut(self, every: int) -> Part:
        """The spikes of one drawn neuron in so many, and the latest bins."""
        surplus, kept = max(len(self.rates) - MAX_BINS, 0), self.places % every == 0
        return Part(self.times[kept], self.places[kept], self.first + surplus, self.rates[surplus:])


@dataclass(frozen=True)
class Frame:
    """What happened from one time to another, in seconds since the start.

    Args:
        t_from: Beginning.
        t_to: End.
        part: The network.
        voltage: Times and voltages of the chosen neuron, shape ``(n, 2)``.
        twin: The network without perturbations, if it runs beside it.
        thinned: Of one drawn neuron in so many the spikes were kept.
    """

    t_from: float
    t_to: float
    part: Part
    voltage: NDArray[np.float64]
    twin: Part | None = None
    thinned: int = 1

    def then(self, later: Frame) -> Frame:
        """Both in one, bounded in size."""
        part = self.part.then(later.part)
        twin = self.twin.then(later.twin) if self.twin and later.twin else later.twin
        thinned = max(self.thinned, later.thinned)
        while len((part := part.cut(thinned)).times) > MAX_SPIKES and thinned < _MAX_THINNED:
            thinned *= 2
        voltage = np.concatenate([self.voltage, later.voltage])[-MAX_SAMPLES:]
        return Frame(self.t_from, later.t_to, part, voltage, twin and twin.cut(thinned), thinned)

    def to_bytes(self, number: int, bin_width: float, active: NDArray[np.uint8]) -> bytes:
        """As the page reads it.

        Args:
            number: Of the frame.
            bin_width: In seconds.
            active: Which clusters are active in its bins, shape ``(n_bins, n_clusters)``.
        """
        twin = self.twin if self.twin and (len(self.twin.times) or len(self.twin.rates)) else None
        header = _HEADER.pack(
            _MAGIC,
            number,
            self.t_from,
            self.t_to,
            len(self.part.times),
            len(self.part.rates),
            len(self.voltage),
            len(twin.times) if twin else 0,
            len(twin.rates) if twin else 0,
            self.thinned,
        )
        voltage = (self.voltage - [self.t_from, 0.0]).astype("<f4")
        pieces = [header, *self._pieces(self.part, bin_width), active.tobytes(), voltage.tobytes()]
        if twin:
            pieces += self._pieces(twin, bin_width)
        return b"".join(piece + bytes(-len(piece) % 4) for piece in pieces)

    def _pieces(self, part: Part, bin_width: float) -> list[bytes]:
        times = (part.times - self.t_from).astype("<f4").tobytes()
        rates = struct.pack("<d", part.first * bin_width) + part.rates.astype("<f4").tobytes()
        return [times, part.places.astype("<u2").tobytes(), rates]
