"""Configurations with other values, and with the comments of their files."""

import pytest

from neuro_mod.config import load_experiment
from neuro_mod.config.edited import edited
from tests.helpers.shared import CONFIGS

SMALL = CONFIGS / "small.yaml"


@pytest.mark.parametrize(
    "name", ["2_cluster_mf", "perturbed/default_snn_params_with_perturbation", "templates/spiking_net_template"]
)
def test_means_the_other_experiment_and_changes_no_other_line(name):
    file = CONFIGS / f"{name}.yaml"
    changed = load_experiment(file).replace({"external_currents.nu_ext_baseline[0]": 7.5, "arousal.level": 0.25})
    text = edited(file, changed)
    assert load_experiment(text) == changed
    before, after = file.read_text().splitlines(), text.splitlines()
    differing = [new for old, new in zip(before, after, strict=True) if old != new]
    assert len(differing) == 2 and "7.5" in differing[0] and "0.25" in differing[1]


def test_comments_stay_in_their_column():
    text = edited(SMALL, load_experiment(SMALL).replace({"architecture.clusters.j_potentiated[0]": 5.25}))
    old, new = (next(line for line in each.splitlines() if "j_pot" in line) for each in (SMALL.read_text(), text))
    assert "[5.25, 1.8, 2.1, 1.7] " in new and new.index("#") == old.index("#")


def test_a_header_follows_the_first_comment():
    lines = edited(SMALL, load_experiment(SMALL), ["one", "two"]).splitlines()
    assert lines[0].startswith("# A small metastable network") and lines[5:8] == ["# one", "# two", ""]


def test_entries_of_a_list_are_changed_on_their_lines(tmp_path):
    text = "architecture:\n    clusters:\n        j_potentiated:  # by pathway\n        - 4.90  # EE\n        # weak\n"
    text += "        - 1.8   # EI\n        -   2.1\n        - 1.7\n"
    (tmp_path / "config.yaml").write_text(text)
    changed = load_experiment(text).replace({"architecture.clusters.j_potentiated": [5.5, 1.8, 2.25, 1.7]})
    found = edited(tmp_path / "config.yaml", changed)
    assert found == text.replace("4.90  #", "5.5   #").replace("2.1", "2.25")
    both = edited(tmp_path / "config.yaml", changed.replace({"arousal.level": 0.5}))
    assert all(comment in both for comment in ("# by pathway", "# EE", "# weak", "# EI"))


@pytest.mark.parametrize(
    "text",
    [
        "{arousal: {level: 0.1}}\n",
        "arousal:\n  level: 0.1  # why\n",
        "external_currents:\n  nu_ext_baseline: [7 Hz,  # E\n    7 Hz]\narousal:\n  level: 0.1 # why\n",
        "mean_field: {}\narousal: {level: 0.1}\n",
    ],
    ids=["flow", "one line", "several lines", "mixed"],
)
def test_values_that_are_not_on_a_line_of_their_own(tmp_path, text):
    (tmp_path / "config.yaml").write_text(text)
    changes = {"arousal.level": 0.2, "external_currents.nu_ext_baseline": [8.0, 8.0], "arousal.heterogeneity": "none"}
    changed = load_experiment(tmp_path / "config.yaml").replace(changes)
    found = edited(tmp_path / "config.yaml", changed, ["header"])
    assert load_experiment(found) == changed and found.startswith("# header\n")
    assert ("# why" in found) == ("# why" in text)


def test_a_file_that_is_valid_with_other_values_only(tmp_path):
    (tmp_path / "config.yaml").write_text(SMALL.read_text().replace("[4.9, ", "[40, "))
    changed = load_experiment(SMALL, ["settings.random_seed=1"])
    lines = edited(tmp_path / "config.yaml", changed).splitlines()
    assert load_experiment("\n".join(lines)) == changed
    differing = [
        new for old, new in zip(SMALL.read_text().splitlines(), lines, strict=True) if old.split() != new.split()
    ]
    assert differing == ["  random_seed: 1"]
