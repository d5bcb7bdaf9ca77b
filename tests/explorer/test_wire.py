"""Frames: what a page decodes is what happened, however many are made one."""

from __future__ import annotations

import struct

import numpy as np

from neuro_mod.explorer import wire
from neuro_mod.explorer.wire import Frame, Part

P, CLUSTERS, BIN = 5, 2, 0.01


def part(first, n_bins, n_spikes, seed=0):
    rng = np.random.default_rng(seed)
    times = first * BIN + np.sort(rng.uniform(0, n_bins * BIN, n_spikes))
    return Part(times, rng.integers(0, 900, n_spikes).astype(np.uint16), first, rng.random((n_bins, P), np.float32))


def frame(first, n_bins, n_spikes, twin=False):
    voltage = np.column_stack([first * BIN + np.arange(4) * 1e-3, np.arange(4.0)])
    other = part(first, n_bins, n_spikes // 2, 1) if twin else None
    return Frame(first * BIN, (first + n_bins) * BIN, part(first, n_bins, n_spikes, first), voltage, other)


def decoded(data):
    """As the page does it, read from the protocol."""
    magic, number, t_from, t_to, n, bins, n_voltage, n_b, bins_b, thinned = struct.unpack_from("<4sIddIIIIII", data)
    assert magic == b"NMX1"
    at = struct.calcsize("<4sIddIIIIII")

    def take(dtype, count, shape=None):
        nonlocal at
        found = np.frombuffer(data, dtype, count, at)
        at += found.nbytes + -found.nbytes % 4
        return found if shape is None else found.reshape(shape)

    def rates(n_bins):
        nonlocal at
        (begin,) = struct.unpack_from("<d", data, at)
        at += 8
        return begin, take("<f4", n_bins * P, (n_bins, P))

    found = {"number": number, "t": (t_from, t_to), "thinned": thinned}
    found |= {"times": take("<f4", n), "places": take("<u2", n), "rates": rates(bins)}
    found |= {
        "active": take(np.uint8, bins * CLUSTERS, (bins, CLUSTERS)),
        "voltage": take("<f4", 2 * n_voltage, (-1, 2)),
    }
    if n_b or bins_b:
        found |= {"times_b": take("<f4", n_b), "places_b": take("<u2", n_b), "rates_b": rates(bins_b)}
    assert at == len(data)
    return found


def encoded(some, number=1):
    return decoded(some.to_bytes(number, BIN, np.arange(len(some.part.rates) * CLUSTERS, dtype=np.uint8)))


def test_a_page_reads_what_happened():
    for n_spikes in (0, 1, 7):
        some = frame(300, 3, n_spikes, twin=True)
        found = encoded(some, 12)
        assert (found["number"], found["thinned"]) == (12, 1)
        np.testing.assert_allclose(found["times"] + found["t"][0], some.part.times, atol=1e-6)
        assert found["places"].tolist() == some.part.places.tolist()
        assert found["rates"][0] == 3.0 and np.array_equal(found["rates"][1], some.part.rates)
        assert found["active"].ravel().tolist() == [0, 1, 2, 3, 4, 5]
        np.testing.assert_allclose(found["voltage"] + [found["t"][0], 0], some.voltage, atol=1e-6)
        assert some.twin
        assert found["places_b"].tolist() == some.twin.places.tolist()
        assert np.array_equal(found["rates_b"][1], some.twin.rates)
    assert "rates_b" not in encoded(frame(0, 2, 4)) and "rates_b" not in encoded(frame(0, 0, 0, twin=True))


def test_two_are_one():
    one, other, empty = frame(10, 2, 5), frame(12, 3, 6), frame(15, 0, 0)
    both = one.then(other)
    assert both.part.times.tolist() == [*one.part.times, *other.part.times]
    assert (both.part.first, len(both.part.rates), both.t_from, both.t_to) == (10, 5, one.t_from, other.t_to)
    after_nothing = frame(15, 0, 0).then(frame(15, 2, 3))
    assert (after_nothing.part.first, len(after_nothing.part.rates)) == (15, 2)
    assert len(empty.then(empty).part.times) == 0


def test_what_nobody_fetches_stays_bounded(monkeypatch):
    monkeypatch.setattr(wire, "MAX_SPIKES", 100)
    monkeypatch.setattr(wire, "MAX_BINS", 50)
    monkeypatch.setattr(wire, "MAX_SAMPLES", 20)
    merged = frame(0, 2, 30, twin=True)
    for k in range(1, 200):
        merged = merged.then(frame(2 * k, 2, 30, twin=True))
    assert 20 < len(merged.part.times) <= 100 and len(merged.voltage) == 20
    assert merged.twin and merged.thinned in (64, 128) and not (merged.part.places % merged.thinned).any()
    assert (merged.part.first + 50, len(merged.part.rates), len(merged.twin.rates)) == (400, 50, 50)
    expected = [np.count_nonzero(frame(2 * k, 2, 30).part.places % merged.thinned == 0) for k in range(200)]
    assert len(merged.part.times) == sum(expected)
