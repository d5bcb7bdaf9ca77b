"""The reference names everything that it is about, each once."""

from __future__ import annotations

import re
from collections import Counter

import neuro_mod
from neuro_mod import errors, plotting
from neuro_mod.config import Experiment
from neuro_mod.config.fields import Section
from neuro_mod.storage import names
from tests.helpers.shared import ROOT

REFERENCE = ROOT / "docs/reference"


def read(page: str) -> str:
    return (REFERENCE / page).read_text(encoding="utf-8")


def listed(page: str, module: str) -> list[str]:
    """Names in the tables of a page that are imported from a module itself."""
    tables = re.findall(rf"^\.\. currentmodule:: {re.escape(module)}\n(.*?)^```", read(page), re.MULTILINE | re.DOTALL)
    return [name for table in tables for name in re.findall(r"^   (\w+)$", table, re.MULTILINE)]


def test_every_public_name_is_listed_once():
    public = [name for of_module in neuro_mod._PUBLIC.values() for name in of_module]
    assert Counter(listed("api.md", "neuro_mod")) == Counter(public)


def test_every_public_drawing_is_listed_once():
    assert Counter(listed("plotting.md", "neuro_mod.plotting")) == Counter(plotting.__all__)


def test_what_is_taken_and_returned_exists():
    from pkgutil import resolve_name

    others = re.findall(r"^   ~([\w.]+)$", read("api.md"), re.MULTILINE)
    assert others
    for name in others:
        resolve_name(f"neuro_mod.{name}")


def sections(section: Section, place: str = "") -> list[str]:
    """Places of a section and those within it that have keys of their own."""
    inside = {name: value for name, value in section if isinstance(value, Section)}
    own = [place] if len(inside) < len(type(section).model_fields) else []
    below = [found for name, value in inside.items() for found in sections(value, f"{place}.{name}".lstrip("."))]
    return own + below


def test_the_keys_of_every_section_are_listed():
    on_page = re.findall(r"^```\{keys\} ([\w.-]+)$", read("configuration.md"), re.MULTILINE)
    assert len(on_page) == len(set(on_page))
    others = {"perturbation.time_dependence", "targets", "time-courses", "analysis-arguments", "cluster"}
    others |= {"sweep", "sweep.range", "sweep.mean_field"}
    assert set(on_page) == {*sections(Experiment()), *others}


def test_every_file_of_results_is_described():
    page = read("file_formats.md")
    texts = [value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)]
    files = [text for text in texts if re.search(r"\.\w+$", text)]
    files += [file for each in (names.PAIRED_SPIKES, names.TRACES) for file in each.values()]
    functions = ("repeat_spikes", "repeat_rates", "pair_rates", "trial_rates", "finer_trial_rates", "trial_scores")
    files += [getattr(names, function)(0) for function in functions]
    files += [names.modes_file(2), names.directions_table(2), names.step_config(0), names.point_config(0)]
    files += [names.point_result("HASH", 0), names.point_spikes("HASH", 0), names.point_mean_field("HASH", 0)]
    files += [names.step_result("HASH", 0), names.measured_under("HASH")]
    missing = [file for file in files if f"`{file}`" not in page and file != names.PARTIAL]
    assert not missing


def test_every_error_is_described():
    page = read("errors.md")
    public = set(neuro_mod._PUBLIC["neuro_mod.errors"])
    assert {name for name in public if f"\n`{name}`" not in page} == set()
    codes = {each.exit_code for each in vars(errors).values() if isinstance(each, type) and hasattr(each, "exit_code")}
    assert all(f"\n{code}\n: " in page for code in codes)


def test_terms_are_there_once():
    blocks = re.findall(r"^```\{glossary\}\n(.*?)^```", read("glossary.md"), re.MULTILINE | re.DOTALL)
    terms = [term for block in blocks for term in re.findall(r"^\S.*$", block, re.MULTILINE)]
    assert len(terms) > 100
    assert len(set(terms)) == len(terms)
