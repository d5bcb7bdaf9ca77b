"""Any configuration is either valid or refused with reasons."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from neuro_mod.config import Experiment, load_experiment
from neuro_mod.config.schema import json_schema, key_paths
from neuro_mod.errors import ConfigError, format_path

PATHS = key_paths(json_schema(Experiment))
NUMBERS = st.one_of(
    st.integers(-3, 50),
    st.floats(0, 3),
    st.floats(),
    st.integers(),
    st.sampled_from([10**400, -0.0, 5e-324, 1600, 2000]),
)
WORDS = st.one_of(st.text(max_size=5), st.sampled_from(["euler", "diff2exp", "binomial", "none", "1e-3", "true", ".."]))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, WORDS)
NUMBER_LISTS = st.one_of(st.lists(NUMBERS, max_size=5), st.lists(st.floats(0, 2), min_size=38, max_size=38))
VALUES = st.one_of(
    NUMBERS,
    NUMBER_LISTS,
    SCALARS,
    st.lists(NUMBER_LISTS, max_size=3),
    st.dictionaries(st.text(max_size=4), SCALARS, max_size=2),
)
KEYS = st.one_of(st.sampled_from(PATHS), st.lists(st.text(max_size=4), min_size=1, max_size=3).map(tuple))


def nested(values: dict[tuple[str, ...], Any]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for path, value in values.items():
        section: Any = data
        for key in path[:-1]:
            section = section.setdefault(key, {}) if isinstance(section, dict) else {}
        if isinstance(section, dict):
            section[path[-1]] = value
    return data


def check(source: Any, overrides: Any = ()) -> None:
    try:
        experiment = load_experiment(source, overrides)
    except ConfigError as error:
        assert len(error.problems) >= 1
        assert len(str(error).splitlines()) == len(error.problems)
        for problem in error.problems:
            assert problem.found
    else:
        assert isinstance(experiment, Experiment)
        assert load_experiment(experiment.to_yaml()) == experiment
        assert experiment.external_sources("c_ext").shape == (2, experiment.populations.total)


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_data(values: dict[tuple[str, ...], Any]) -> None:
    check(nested(values))


@given(st.dictionaries(KEYS, VALUES, max_size=3), st.dictionaries(KEYS.map(format_path), VALUES, max_size=3))
def test_overrides(values: dict[tuple[str, ...], Any], overrides: dict[str, Any]) -> None:
    check(nested(values), overrides)


@given(st.one_of(st.text(alphabet="ab:-[]{},&*! \n'\"<?|#%@`\t01.e~", max_size=40), st.text(max_size=20)))
def test_text(text: str) -> None:
    check(text + "\n")


@given(st.binary(max_size=40))
def test_bytes(content: bytes) -> None:
    check(content)


@given(st.lists(st.text(alphabet="arousl.evstig_=[]0-3{}: ", max_size=25), min_size=1, max_size=3))
def test_override_texts(overrides: list[str]) -> None:
    check({}, overrides)
