from __future__ import annotations

import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuro_mod.errors import StorageError
from neuro_mod.execution.jobs.ledger import Entry, Ledger

ENTRY = Entry("a", {"data/a.json": {"bytes": 3, "sha256": "0" * 64}}, {"mean": 0.1, "name": "größe → 1"})
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "finished.jsonl")


@settings(max_examples=30)
@given(st.lists(st.tuples(st.text(), st.dictionaries(st.text(), VALUES, max_size=3))))
def test_what_is_entered_is_read(entered):
    entries = [Entry(key, {"data/ü.json": {"bytes": 1, "sha256": "x"}}, about) for key, about in entered]
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "finished.jsonl")
        for entry in entries:
            ledger.append(entry)
        assert list(ledger) == entries
        ledger.rewrite(entries[::-1])
        assert list(ledger) == entries[::-1]


def test_there_may_be_none(ledger):
    assert list(ledger) == [] and list(ledger.lines()) == []


def test_a_last_line_that_was_cut_short_is_none(ledger):
    for _ in range(2):
        ledger.append(ENTRY)
    whole = ledger.path.read_bytes()
    for n_bytes in range(len(whole) // 2 + 1, len(whole)):
        ledger.path.write_bytes(whole[:n_bytes])
        assert list(ledger) == [ENTRY] and list(ledger.lines()) == [ENTRY, None]


def test_a_damaged_line_is_none_wherever_the_damage_is(ledger):
    for _ in range(3):
        ledger.append(ENTRY)
    first, second, third = ledger.path.read_bytes().splitlines(keepends=True)
    for place in range(len(second) - 1):
        for flip in (1, 128):
            damaged = second[:place] + bytes([second[place] ^ flip]) + second[place + 1 :]
            ledger.path.write_bytes(first + damaged + third)
            assert list(ledger) == [ENTRY, ENTRY]


def test_it_is_text_that_people_can_read(ledger):
    ledger.append(ENTRY)
    assert '"name": "größe → 1"' in ledger.path.read_text(encoding="utf-8")


def test_what_cannot_be_written_leaves_what_was_there(ledger, monkeypatch):
    ledger.append(ENTRY)
    before = ledger.path.read_bytes()

    class FullDisk(io.FileIO):
        def write(self, content):
            return super().write(content[:10])

    with monkeypatch.context() as patched:
        patched.setattr(io, "open", lambda path, mode, *_: FullDisk(path, mode.replace("b", "")))
        with pytest.raises(StorageError, match=r"cannot write .*finished.jsonl: No space left on device"):
            ledger.append(ENTRY)
    assert ledger.path.read_bytes() == before

    def failing(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.fsync", failing)
    with pytest.raises(StorageError, match="Input/output error"):
        ledger.rewrite([])
    assert ledger.path.read_bytes() == before
    with pytest.raises(ValueError, match="not JSON compliant"):
        ledger.append(Entry("b", {}, {"mean": float("nan")}))
    assert ledger.path.read_bytes() == before
