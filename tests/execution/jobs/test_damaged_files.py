from __future__ import annotations

import hashlib
import random
import re
from pathlib import Path

import pytest

from neuro_mod.errors import InputError
from neuro_mod.execution import jobs
from neuro_mod.execution.jobs import JobFolder
from neuro_mod.storage.names import FINISHED, LOG, MANIFEST, PLAN, RUN
from tests.helpers.disturbing import assert_complete, keys, tries, undisturbed
from tests.helpers.tiny_job import TinyJob

N_ITEMS = 40


@pytest.fixture
def folder(tmp_path):
    jobs.run(TinyJob(N_ITEMS), tmp_path / "run")
    return tmp_path / "run"


def damaged(content: bytes, choice: random.Random) -> bytes:
    """With one bit flipped, or cut anywhere."""
    if choice.random() < 0.5:
        return content[: choice.randrange(len(content))]
    return flipped(content, choice)


def flipped(content: bytes, choice: random.Random) -> bytes:
    place = choice.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << choice.randrange(8)]) + content[place + 1 :]


@pytest.mark.parametrize("n_damages", [1000, pytest.param(100_000, marks=pytest.mark.large)])
def test_all_flips_and_cuts_of_results_are_found_and_named(folder, n_damages):
    choice, ledger, at_once = random.Random(n_damages), (folder / FINISHED).read_bytes(), 20
    for _ in range(n_damages // at_once):
        hit = choice.sample(range(N_ITEMS), at_once)
        before = {folder / f"data/item_{index}.{choice.choice(('json', 'txt'))}": index for index in hit}
        contents = {path: path.read_bytes() for path in before}
        for path, content in contents.items():
            path.write_bytes(damaged(content, choice))
        durable_folder = JobFolder(folder, TinyJob().identity)
        durable_folder.scan()
        assert len(durable_folder.damaged) == at_once
        assert {Path(fault.split()[0]) for fault in durable_folder.damaged} == before.keys()
        assert durable_folder.done == {f"item {index}" for index in set(range(N_ITEMS)) - set(hit)}
        for path, content in contents.items():
            path.write_bytes(content)
        (folder / FINISHED).write_bytes(ledger)


def test_only_damaged_items_are_rerun(tmp_path, folder):
    choice, trace = random.Random(1), tmp_path / "trace"
    expected = undisturbed(tmp_path / "undisturbed", N_ITEMS)
    for _ in range(5):
        hit = sorted(choice.sample(range(N_ITEMS), 3))
        paths = [folder / f"data/item_{index}.{choice.choice(('json', 'txt'))}" for index in hit]
        for path in paths[1:]:
            path.write_bytes(damaged(path.read_bytes(), choice))
        paths[0].unlink()
        jobs.run(TinyJob(N_ITEMS, trace=str(trace)), folder)
        assert tries(trace) == hit
        trace.unlink()
        log = (folder / LOG).read_text()
        assert f"WARNING {paths[0]} is missing: will be rerun" in log
        assert all(f"WARNING {path} " in log for path in paths)
        assert_complete(folder, expected, N_ITEMS)


@pytest.mark.parametrize("cut", [False, True])
def test_a_damaged_line_of_the_ledger_costs_only_its_item(tmp_path, folder, cut):
    choice, trace = random.Random(cut), tmp_path / "trace"
    expected = undisturbed(tmp_path / "undisturbed", N_ITEMS)
    for _ in range(5):
        lines = (folder / FINISHED).read_bytes().splitlines(keepends=True)
        index = choice.randrange(N_ITEMS)
        key = keys(folder)[index]
        line = lines[index][:-1]
        lines[index] = (line[: choice.randrange(len(line))] if cut else flipped(line, choice)) + b"\n"
        (folder / FINISHED).write_bytes(b"".join(lines))
        jobs.run(TinyJob(N_ITEMS, trace=str(trace)), folder)
        assert [f"item {number}" for number in tries(trace)] == [key]
        trace.unlink()
        assert f"{FINISHED}: line {index + 1} is damaged: will be rerun" in (folder / LOG).read_text()
        assert_complete(folder, expected, N_ITEMS)


def test_a_damaged_plan_is_refused_and_nothing_touched(folder):
    choice, plan = random.Random(3), (folder / PLAN).read_bytes()
    others = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path != folder / PLAN}
    for content in (plan[:-3], b"", b"\xff" + plan, b"[]", plan.replace(b'"seed": 1', b'"seed": 5')):
        (folder / PLAN).write_bytes(content)
        with pytest.raises(InputError, match=r"(?s)^\S*run.*choose another folder \(--out\), or remove .* --force"):
            jobs.run(TinyJob(N_ITEMS), folder)
    n_refused = 0
    for _ in range(200):
        (folder / PLAN).write_bytes(flipped(plan, choice))
        try:
            JobFolder(folder, TinyJob().identity)
        except InputError:
            n_refused += 1
    assert n_refused > 100  # the others are in the space between
    assert {path: path.read_bytes() for path in others} == others


@pytest.mark.parametrize(
    "content",
    [
        '"data"',
        '{"item": 3, "files": {}, "about": {}}',
        '{"item": "item 1", "files": {"data/a": 3}, "about": {}}',
        '{"item": "item 1", "files": {}, "about": {}}',
        None,  # the line itself, without its sum
        "[" * 99_999,
    ],
)
def test_a_line_of_the_ledger_with_a_right_checksum_and_wrong_content_is_damaged(tmp_path, folder, content):
    lines = (folder / FINISHED).read_bytes().splitlines(keepends=True)
    content = content or re.sub(r'"sum": [\d.]+', '"sum": "x"', lines[1].decode().split(" ", 1)[1].strip())
    lines[1] = hashlib.sha256(content.encode()).hexdigest()[:16].encode() + b" " + content.encode() + b"\n"
    (folder / FINISHED).write_bytes(b"".join(lines))
    jobs.run(TinyJob(N_ITEMS), folder)
    said = r"line 2 is damaged|item 1 has no files|item 1: sum is damaged"
    assert re.search(rf"{FINISHED}: ({said}): will be rerun", (folder / LOG).read_text())
    assert_complete(folder, undisturbed(tmp_path / "undisturbed", N_ITEMS), N_ITEMS)


@pytest.mark.parametrize("name", [MANIFEST, RUN])
@pytest.mark.parametrize("content", ["[" * 100_000, '{"earlier_attempts": [], "started": NaN}'])
def test_records_that_json_cannot_hold_are_written_again(tmp_path, folder, name, content):
    (folder / name).write_text(content)
    jobs.run(TinyJob(N_ITEMS + 1), folder)
    assert_complete(folder, undisturbed(tmp_path / "undisturbed", N_ITEMS + 1), N_ITEMS + 1)


@pytest.mark.parametrize("name", [MANIFEST, RUN])
def test_damaged_records_of_a_run_are_written_anew(tmp_path, folder, name):
    choice, trace = random.Random(4), tmp_path / "trace"
    expected = undisturbed(tmp_path / "undisturbed", N_ITEMS)
    for _ in range(10):
        (folder / name).write_bytes(damaged((folder / name).read_bytes(), choice))
        jobs.run(TinyJob(N_ITEMS, trace=str(trace)), folder)
        assert_complete(folder, expected, N_ITEMS)
    assert tries(trace) == []
