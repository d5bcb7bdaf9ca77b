from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuro_mod.core.random import Stream, philox4x32

# Known answers published with Random123 (kat_vectors): counter, key, rounds, result.
ONES = 0xFFFFFFFF
PI = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)
KNOWN_ANSWERS = [
    ((0,) * 4, (0, 0), 7, (0x5F6FB709, 0x0D893F64, 0x4F121F81, 0x4F730A48)),
    ((ONES,) * 4, (ONES, ONES), 7, (0x5207DDC2, 0x45165E59, 0x4D8EE751, 0x8C52F662)),
    (*PI, 7, (0x4DFCCABA, 0x190A87F0, 0xC47362BA, 0xB6B5242A)),
    ((0,) * 4, (0, 0), 10, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES,) * 4, (ONES, ONES), 10, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (*PI, 10, (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
]


@pytest.mark.parametrize(("counter", "key", "rounds", "expected"), KNOWN_ANSWERS)
def test_philox_gives_the_published_answers(counter, key, rounds, expected):
    result = philox4x32(tuple(map(np.uint64, counter)), tuple(map(np.uint64, key)), rounds)
    assert tuple(map(int, result)) == expected


@given(first=st.integers(0, 2**40), n=st.integers(0, 30), skip=st.integers(0, 30), row=st.integers(0, 2**32 - 1))
def test_a_word_depends_on_its_place_alone(first, n, skip, row):
    stream = Stream(3, "test")
    whole = stream.words([row, 5], n + skip, first)
    assert np.array_equal(whole[:1, skip:], stream.words(row, n, first + skip))


def test_uniform_numbers_are_uniform():
    uniform = np.sort(Stream(1, "test").uniform(np.arange(100), 1000).ravel())
    assert uniform[0] >= 0 and uniform[-1] < 1
    deviation = np.abs(uniform - (np.arange(len(uniform)) + 0.5) / len(uniform)).max()
    assert deviation < 1.95 / np.sqrt(len(uniform))  # Kolmogorov-Smirnov, 0.1 %


def test_permutation_is_one():
    order = Stream(1, "test").permutation(1000)
    assert np.array_equal(np.sort(order), np.arange(1000))
    assert not np.array_equal(order, np.arange(1000))


@pytest.mark.parametrize("other", [Stream(8, "a", (1,)), Stream(7, "b", (1,)), Stream(7, "a", (2,)), Stream(7, "a")])
def test_seed_purpose_and_index_each_name_another_stream(other):
    assert not np.array_equal(Stream(7, "a", (1,)).words(0, 8), other.words(0, 8))
