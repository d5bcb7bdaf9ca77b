"""Files that are not configurations: one clear line for each."""

import time
from pathlib import Path

import pytest

from neuro_mod.config import load_experiment
from neuro_mod.config.document import read_document
from neuro_mod.errors import ConfigError
from tests.helpers.platforms import POSIX_ONLY, make_pipe

BILLION_LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join(['*' + old] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the file is empty; expected a mapping of sections (init_params, architecture, "),
        (b"# only a comment\n", "the file is empty"),
        (b"- 1\n- 2\n", "the file holds a list; expected a mapping"),
        (b"hello", 'the file holds "hello"; expected a mapping'),
        (b"a: 1\n---\nb: 2\n", ":2: a second document starts here (---); expected one document per file"),
        (b"arousal:\n  level: 0.1\n  L: 0.5\n  level: 0.2\n", ":4: arousal.level: duplicate key; it is also on line 2"),
        (b"a: !!python/object:os.system {}\n", ":1: a: the tag !!python/object:os.system is not allowed"),
        (b"a: !!python/object/apply:os.system ['ls']\n", "the tag !!python/object/apply:os.system is not allowed"),
        (b"a: !secret x\n", ":1: a: the tag !secret is not allowed"),
        (b"a: !!binary aGVsbG8=\n", ":1: a: the tag !!binary is not allowed"),
        (b"arousal:\n  level: 0,5\n", ":2: arousal.level: 0,5 found, with a comma; expected a number"),
        (b"arousal:\n  level: -1,5\n", "numbers have a decimal point (-1.5)"),
        (b"a: 20,5 ms\n", ":1: a: 20,5 ms found, with a comma; expected a number or text in quotes"),
        (b"a: 1,5e3Hz\n", "numbers have a decimal point (1.5e3Hz)"),
        (
            b"settings:\n  random_seed: 010\n",
            ":2: settings.random_seed: 010 found; expected a number without a leading",
        ),
        (b"settings:\n  random_seed: 010\n", "did you mean 10?"),
        (b"arousal:\n  level:\xc2\xa00.5\n", "the character U+00A0 (NO-BREAK SPACE) in"),
        (b"arousal:\n  level: 0.5\t5\n", ":2: the character U+0009 (TAB) in 'level: 0.5\\t5'"),
        (b"arousal:\n  le\tvel: 0.5\n", ":2: the character U+0009 (TAB) in 'le\\tvel: 0.5'"),
        (b"settings:\n  sim_name: my\trun\n", ":2: the character U+0009 (TAB) in 'sim_name: my\\trun'"),
        (b"arousal:\n  level: 0.5\xe2\x80\x8e\n", "the character U+200E (LEFT-TO-RIGHT MARK) in"),
        (b"arousal:\n\xc2\xa0 level: 0.5\n", "the character U+00A0 (NO-BREAK SPACE) in"),
        (b"arousal:\n  level: \xc2\xa00.5\n", ":2: arousal.level: the character U+00A0 (NO-BREAK SPACE) in '\\xa00.5'"),
        (b"arousal:\n\tlevel: 1\n", ":2: not valid YAML: while scanning"),
        (b"a: [1, 2\n", "not valid YAML: while parsing a flow sequence"),
        (b"a: 'open\n", "not valid YAML: while scanning a quoted scalar"),
        (b"a: b: c\n", ":1: not valid YAML: mapping values are not allowed here"),
        (b"a: *nowhere\n", "not valid YAML: found undefined alias 'nowhere'"),
        (b"a: &a [*a]\n", ":1: a[0]: an alias within its own anchor"),
        (b"a: &a {b: *a}\n", "an alias within its own anchor"),
        (b"\xff\xfea\x00", ":1: not UTF-8 text"),
        (b"a: 1\n\x80\x81", ":2: not UTF-8 text"),
        (b"\x7fELF\x01\x01\x00", ":1: not text: character"),
        (b"? [1, 2]\n: 3\n", ":1: a key that is not plain text"),
        (b"<<: 3\n", ":1: <<: not a mapping"),
        (b"a: !!int x\n", 'cannot read "x" as int'),
        (b"a: " + b"9" * 5000, 'cannot read "9999'),
        (b"[" * 5000, "nested too deeply"),
        (b"a: " + b"{a: " * 200 + b"}" * 200, "nested too deeply"),
        (BILLION_LAUGHS.encode(), "too many values; expected at most 100,000"),
        (b"a: [" + b"1, " * 200_000 + b"]", "too many values"),
        (b"a" * 1_000_001, "file too large; expected at most 1 MB"),
    ],
    ids=lambda value: value[:30].decode("latin-1") if isinstance(value, bytes) else "",
)
def test_refused_with_one_line(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    started = time.perf_counter()
    with pytest.raises(ConfigError) as caught:
        load_experiment(path)
    assert time.perf_counter() - started < 3
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(str(path))
    assert expected in text


def test_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    started = time.perf_counter()
    with pytest.raises(ConfigError, match="file too large"):
        load_experiment(path)
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("text", ["a: 1\n" * 400_000, b"x" * 50_000_000], ids=["text", "bytes"])
def test_huge_text_is_refused(text: str | bytes) -> None:
    with pytest.raises(ConfigError, match="file too large"):
        load_experiment(text)


def test_several_duplicates_are_all_reported() -> None:
    with pytest.raises(ConfigError) as caught:
        load_experiment("arousal: {level: 1, level: 2}\nsettings: {}\nsettings: {}\n")
    assert len(caught.value.problems) == 2


def test_missing_file_suggests_neighbours(tmp_path: Path) -> None:
    (tmp_path / "my_sim.yaml").touch()
    with pytest.raises(ConfigError, match=r"no such file; did you mean .*my_sim\.yaml\?"):
        load_experiment(tmp_path / "my_sin.yaml")
    with pytest.raises(ConfigError, match=r"no such file; .* contains my_sim\.yaml"):
        load_experiment(tmp_path / "qqqqqqqqq")
    with pytest.raises(ConfigError, match=r"folder .* does not exist"):
        load_experiment(tmp_path / "nowhere" / "my_sim.yaml")


def test_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a folder found; expected a YAML file"):
        load_experiment(str(tmp_path))


@pytest.mark.parametrize(
    "source", ["", "a\0b", "a" * 5000, 5, None, [1]], ids=["empty", "nul", "long", "5", "None", "[]"]
)
def test_invalid_sources(source: object) -> None:
    with pytest.raises(ConfigError):
        load_experiment(source)  # type: ignore[arg-type]


def test_reads_yaml_1_2() -> None:
    text = "\ufeffa: 1e-3\nb: yes\nc: 0o17\nd: 2024-05-01\ne: ~\nf: 'x'\ng: &v [1, 2]\nh: *v\ni: 1_000\n1: k\n".encode()
    assert read_document(text).data == {
        "a": 1e-3, "b": "yes", "c": 15, "d": "2024-05-01", "e": None, "f": "x", "g": [1, 2], "h": [1, 2], "i": 1000,
        "1": "k",
    }  # fmt: skip


def test_lines_of_keys_and_entries() -> None:
    lines = read_document("a:\n  b: 1\n  c:\n    - 1\n    - x: 2\n").lines
    assert lines == {
        (): 1,
        ("a",): 1,
        ("a", "b"): 2,
        ("a", "c"): 3,
        ("a", "c", 0): 4,
        ("a", "c", 1): 5,
        ("a", "c", 1, "x"): 5,
    }


def test_keys_take_precedence_over_merged_ones() -> None:
    text = "base: &base {a: 1, b: 2}\nuse:\n  b: 3\n  <<: *base\n"
    assert read_document(text).data["use"] == {"a": 1, "b": 3}


def test_anchors_may_be_reused() -> None:
    assert read_document("a: &x 1\nb: &x 2\nc: *x\n").data["c"] == 2


@POSIX_ONLY
def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    make_pipe(tmp_path / "pipe.yaml")
    with pytest.raises(ConfigError, match="a pipe found, expected a file"):
        load_experiment(tmp_path / "pipe.yaml")


@POSIX_ONLY
def test_the_home_folder_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "my.yaml").write_text("arousal: {level: 0.25}")
    assert load_experiment("~/my.yaml").arousal.level == 0.25


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected names of at most 255 bytes"):
        load_experiment(tmp_path / ("x" * 300))


def test_variables_in_paths_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"settings.save_dir: .*\$HOME/x.* expected the path of a folder"):
        load_experiment({"settings": {"save_dir": "$HOME/x"}})
