from __future__ import annotations

import collections
import datetime
import enum
import math
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neuro_mod.errors import DataError
from neuro_mod.storage import values
from neuro_mod.storage.reading import read_arrays
from neuro_mod.storage.values import DEPTH, NotPlainError, read_value, value_arrays, value_of
from neuro_mod.storage.writing import write_arrays, write_whole


def bits(number: float) -> bytes:
    return b"nan" if math.isnan(number) else struct.pack("<d", number)


def same(a, b):
    """Equal in every respect: types, order of keys, sign of zero, NaN, types and shapes of arrays."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return same(list(a), list(b)) and all(same(a[x], b[y]) for x, y in zip(a, b, strict=True))
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype == b.dtype and a.shape == b.shape and np.ascontiguousarray(a).tobytes() == b.tobytes()
    if isinstance(a, complex):
        return bits(a.real) == bits(b.real) and bits(a.imag) == bits(b.imag)
    return bits(a) == bits(b) if isinstance(a, float) else a == b


def through_a_file(value, path: Path):
    write_whole(path, lambda file: write_arrays(file, value_arrays(value).items()))
    return read_value(path)


STRUCTURED = np.array([(1, 2.5), (3, np.nan)], [("neuron", "<i4"), ("rate", "<f8")])
VALUES = [
    *(None, True, False, 0, -1, 2**62, 2**63, -(2**200), 10**5000, 0.0, -0.0, 0.1, math.nan, math.inf, -math.inf),
    *(1e-320, 1 + 2j, complex(math.nan, -0.0), "", "τ \x00 \ud800 \n", b"", b"\x00\xff"),
    *([], (), {}, [[], ()], {"b": 1, "a": {"c": [1, (2.0, None)]}}, {0: 1, 0.5: 2, None: 3, (1, "a"): 4, True: 5}),
    *(["tuple", [1]], {"dict": []}, [["array", "array_0"]]),
    *(np.float32(0.1), np.float64(math.nan), np.int64(5), np.bool_(True), np.complex64(1j), np.uint64(2**64 - 1)),
    *(np.str_(""), np.str_("ab"), np.bytes_(b"x"), np.datetime64("2020-01-01T00:00", "ns"), STRUCTURED[0]),
    *(np.zeros(()), np.zeros((0, 3), np.float32), np.arange(6, dtype=">i2").reshape(2, 3), np.array(["a", "bc"])),
    *(np.array([True, False]), np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.arange(9)[::-2], STRUCTURED),
    {"rates": np.arange(3.0), "states": [(0, np.array([1, 2])), (1, np.array([]))], "n": np.int32(3)},
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_come_back_as_they_were(tmp_path, value):
    assert same(value, through_a_file(value, tmp_path / "a.npz"))


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text() | st.binary(max_size=20)
)
ARRAYS = hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, min_side=0, max_side=3))
ANY = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(ANY)
def test_any_plain_value_comes_back(value):
    arrays = value_arrays(value)
    assert same(value, value_of(arrays))
    assert all(array.dtype.hasobject is False for array in arrays.values())


def test_what_comes_back_can_be_written_to(tmp_path):
    back = through_a_file([np.zeros(3)], tmp_path / "a.npz")
    back[0][1] = 1.0
    assert back[0].tolist() == [0, 1, 0]


class Kind(enum.IntEnum):
    FIRST = 1


Pair = collections.namedtuple("Pair", "a b")
CIRCLE: list = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (object(), "result is a object; return numbers, strings, lists, dicts or NumPy arrays"),
        ({"net": [1, 2, datetime.date(2020, 1, 1)]}, r"result['net'][2] is a datetime.date; return numbers"),
        ([{"a": ({1, 2},)}], "result[0]['a'][0] is a set;"),
        ({Path("a"): 1}, "the key "),
        (np.array([None]), "result is a NumPy ndarray of type object;"),
        ([np.ma.masked_array([1.0], [True])], "result[0] is a NumPy MaskedArray of type float64;"),
        (np.array(["a"], np.dtypes.StringDType()), "result is a NumPy ndarray of type StringDType"),
        (np.zeros(1, [("τ", "f8")]), "result is a NumPy ndarray of type [('τ', '<f8')];"),
        (Kind.FIRST, "Kind; return numbers"),
        (Pair(1, 2), "Pair; return numbers"),
        (collections.Counter("a"), "result is a collections.Counter;"),
        (CIRCLE, f"is nested more than {DEPTH} deep, or within itself"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_not_plain_is_refused_with_its_place(value, message):
    with pytest.raises(NotPlainError) as caught:
        value_arrays(value)
    assert message in str(caught.value)


def test_a_tensor_is_named():
    torch = pytest.importorskip("torch")
    with pytest.raises(NotPlainError, match=r"result\['net'\]\[2\] is a torch.Tensor; return numbers"):
        value_arrays({"net": [0, 1, torch.zeros(2)]})


def test_equal_values_have_equal_bytes(tmp_path):
    files = [tmp_path / name for name in "ab"]
    for file in files:
        write_whole(file, lambda stream: write_arrays(stream, value_arrays(VALUES[-1]).items()))
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    "structure",
    [
        *(b"", b"rubbish", b'["array","array_7"]', b'["nonsense",1]', b'{"a":1}', b'["list"]', b'["int",5]'),
        *(b'["scalar",["|O",""]]', b'["scalar",["<f8","00"]]', b'["scalar",["|O8","0000000000000000"]]'),
        b"[" * 100_000,
    ],
)
def test_files_that_hold_something_else_are_refused(tmp_path, structure):
    file = tmp_path / "a.npz"
    np.savez(file, structure=np.frombuffer(structure, np.uint8))
    with pytest.raises(DataError, match=r"a\.npz"):
        read_value(file)
    np.savez(file, other=np.zeros(3))
    with pytest.raises(DataError, match=r"a\.npz"):
        read_value(file)
    assert "other" in read_arrays(file)


def test_all_tags_are_read():
    assert {node[0] for value in VALUES if isinstance(node := values._node(value, "", {}, 0), list)} == set(
        values._TAGS
    )
