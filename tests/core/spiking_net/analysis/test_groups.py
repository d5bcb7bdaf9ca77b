from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.core.spiking_net.analysis.groups.grouping import grouping
from neuro_mod.core.spiking_net.analysis.groups.groups import Groups
from neuro_mod.core.spiking_net.analysis.groups.permutation import permutation_test
from neuro_mod.core.spiking_net.analysis.states.activity import tables_of_activity
from neuro_mod.core.spiking_net.analysis.states.lifetimes import survival
from neuro_mod.core.spiking_net.analysis.states.quantities import QUANTITIES
from neuro_mod.errors import InputError
from tests.helpers.known_states import CLUSTERS, drawn_sessions
from tests.helpers.semi_markov import BIN, SemiMarkov

N_NETWORKS, N_TRIALS = 5, 4
#: Mean times in seconds for which clusters are on in each condition, and off in both.
ON, OFF = {"long": 0.4, "short": 0.3}, 0.8
_EACH = [(group, network, trial) for group in ON for network in range(N_NETWORKS) for trial in range(N_TRIALS)]
GROUPS, NETWORKS, TRIALS = zip(*_EACH, strict=True)
OCCUPANCY, ACTIVATION = "occupancy", "mean_activation_kaplan_meier_sec"


def session(seed, activation, duration=6.0):
    (active,) = SemiMarkov(6, activation, OFF).activity(1, duration, seed)
    return active


@pytest.fixture(scope="module")
def tables():
    """Networks that differ from each other by up to a factor of two, in both conditions alike."""
    factors = np.linspace(0.7, 1.4, N_NETWORKS)
    return tables_of_activity([session(seed, ON[group] * factors[n]) for seed, (group, n, _) in enumerate(_EACH)], BIN)


@pytest.fixture(scope="module")
def paired(tables):
    return Groups(tables, grouping(GROUPS, NETWORKS))


def row(table, quantity, of="", **others):
    chosen = table.loc[(table["quantity"] == quantity) & (table["of"] == of)]
    for column, value in others.items():
        chosen = chosen.loc[chosen[column] == value]
    assert len(chosen) == 1
    return chosen.iloc[0]


def of_networks(tables, group, quantity):
    return np.array(
        [
            QUANTITIES[quantity].value(
                tables.select([k for k, each in enumerate(_EACH) if each[:2] == (group, network)])
            )
            for network in range(N_NETWORKS)
        ]
    )


def test_a_group_is_the_mean_of_its_networks(tables, paired):
    for quantity in QUANTITIES:
        values = of_networks(tables, "long", quantity)
        found = row(paired.table(), quantity, group="long")
        assert found["value"] == pytest.approx(values.mean())
        assert found["standard_error"] == pytest.approx(stats.sem(values))
        assert (found["n"], found["over"]) == (N_NETWORKS, "networks")


def test_differences_of_paired_groups_are_those_within_networks(tables, paired):
    change = of_networks(tables, "short", ACTIVATION) - of_networks(tables, "long", ACTIVATION)
    found = row(paired.differences(), ACTIVATION)
    assert (found["group"], found["reference"], found["paired"], found["n"]) == ("short", "long", True, N_NETWORKS)
    assert found["difference"] == pytest.approx(change.mean())
    assert found["standard_error"] == pytest.approx(stats.sem(change))
    assert found["p_value"] == pytest.approx(2 / 2**N_NETWORKS) == found["least_p"]


def test_the_known_difference_is_found(paired):
    """Within three standard errors, by Student's t of four degrees of freedom: p = .04 each if it were by chance."""
    found = row(paired.differences(), ACTIVATION)
    factor = np.mean(np.linspace(0.7, 1.4, N_NETWORKS))
    assert found["difference"] == pytest.approx((ON["short"] - ON["long"]) * factor, abs=3 * found["standard_error"])


def test_pairs_are_more_precise_than_independent_networks(tables, paired):
    renamed = [f"{group}{network}" for group, network, _ in _EACH]
    independent = row(Groups(tables, grouping(GROUPS, renamed)).differences(), OCCUPANCY)
    together = row(paired.differences(), OCCUPANCY)
    assert not independent["paired"]
    assert independent["difference"] == pytest.approx(together["difference"])
    errors = [stats.sem(of_networks(tables, group, OCCUPANCY)) for group in ON]
    assert independent["standard_error"] == pytest.approx(np.hypot(*errors))
    assert together["standard_error"] < independent["standard_error"] / 2


def test_one_network_has_uncertainty_over_sessions(tables):
    """The jackknife over sessions, by computing everything again without each."""
    alone = [k for k, each in enumerate(_EACH) if each[1] == 2]
    groups = Groups(tables.select(alone), grouping([GROUPS[k] for k in alone]))
    found = row(groups.table(), ACTIVATION, group="short")
    sessions = [k for k in alone if GROUPS[k] == "short"]
    quantity = QUANTITIES[ACTIVATION]
    left = [quantity.value(tables.select([k for k in sessions if k != out])) for out in sessions]
    assert found["over"] == "sessions" and found["n"] == N_TRIALS
    assert found["value"] == pytest.approx(quantity.value(tables.select(sessions)))
    assert found["standard_error"] == pytest.approx(np.sqrt((N_TRIALS - 1) * np.var(left)))
    assert not row(groups.differences(), ACTIVATION)["paired"]


def test_sessions_with_common_names_are_paired(tables):
    alone = [k for k, each in enumerate(_EACH) if each[1] == 2]
    given = ([column[k] for k in alone] for column in (GROUPS, NETWORKS, TRIALS))
    found = row(Groups(tables.select(alone), grouping(*given)).differences(), OCCUPANCY)
    of_group = {group: [k for k in alone if GROUPS[k] == group] for group in ON}
    left = [
        QUANTITIES[OCCUPANCY].value(tables.select([k for k in of_group["short"] if TRIALS[k] != trial]))
        - QUANTITIES[OCCUPANCY].value(tables.select([k for k in of_group["long"] if TRIALS[k] != trial]))
        for trial in range(N_TRIALS)
    ]
    assert found["paired"] and found["n"] == N_TRIALS
    assert found["standard_error"] == pytest.approx(np.sqrt((N_TRIALS - 1) * np.var(left)))


def test_sessions_of_the_same_trial_are_one_replicate(tables):
    """As of two conditions in one group with common noise: both are left out together."""
    alone = [k for k, each in enumerate(_EACH) if each[1] == 2]
    trials = [TRIALS[k] // 2 for k in alone]
    groups = Groups(tables.select(alone), grouping([GROUPS[k] for k in alone], [2] * len(alone), trials))
    sessions = [k for k in alone if GROUPS[k] == "short"]
    quantity = QUANTITIES[OCCUPANCY]
    left = [quantity.value(tables.select([k for k in sessions if TRIALS[k] // 2 != out])) for out in range(2)]
    found = row(groups.table(), OCCUPANCY, group="short")
    assert (found["over"], found["n"]) == ("sessions", 2)
    assert found["value"] == pytest.approx(quantity.value(tables.select(sessions)))
    assert found["standard_error"] == pytest.approx(np.sqrt(np.var(left)))


def test_trials_of_two_folders_of_a_group_count_in_their_networks(tables):
    """As of repeats with the same seeds in two folders: networks are the replicates, trials are not needed."""
    groups = Groups(tables, grouping(GROUPS, NETWORKS, [0] * len(_EACH)))
    expected = Groups(tables, grouping(GROUPS, NETWORKS))
    assert groups.table().equals(expected.table()) and groups.differences().equals(expected.differences())


def test_groups_of_different_lengths_are_compared_with_a_warning(tables, caplog):
    caplog.set_level("WARNING")
    Groups(tables, grouping(GROUPS, NETWORKS))
    assert not caplog.text
    kept = [k for k, each in enumerate(_EACH) if each[0] == "long" or each[2] < 2]  # half of the sessions of "short"
    names = [[column[k] for k in kept] for column in (GROUPS, NETWORKS)]
    Groups(tables.select(kept), grouping(*names))
    assert "recordings of a network of group short last 12 s in all, of long 24 s, each" in caplog.text
    assert "sessions of group" not in caplog.text
    caplog.clear()
    mixed = tables_of_activity([session(seed, 0.4, duration) for seed, duration in enumerate((2, 2, 6, 6))], BIN)
    Groups(mixed, grouping(["a", "a", "b", "b"]))
    assert "sessions of group b last 6 s, those of a 2 s" in caplog.text
    assert "recordings of group b last 12 s in all, of a 4 s:" in caplog.text


def test_names_of_any_type(tables):
    levels = [0.2 if group == "short" else 0.4 for group in GROUPS]
    assert Groups(tables, grouping(levels, range(len(levels))), 0.4).reference == "0.4"


def test_partly_common_networks_are_not_pairs(tables, caplog):
    networks = [network + (group == "short") for group, network, _ in _EACH]
    groups = Groups(tables, grouping(GROUPS, networks))
    differences = groups.differences()
    assert not differences["paired"].any()
    differences["paired"] = True  # in a copy
    assert not groups.differences()["paired"].any()
    assert caplog.text.count("some networks in common, but not all") == len(groups.names) - 1


def test_clusters_and_numbers_of_active_clusters_have_rows(tables, paired):
    table = paired.table()
    assert set(table["of"]) >= {"", "cluster 0", "cluster 5", "0 active", "2 active"}
    shares = table.loc[(table["quantity"] == "probability") & (table["group"] == "long")]
    assert shares["value"].sum() == pytest.approx(1)
    by_cluster = table.loc[(table["quantity"] == OCCUPANCY) & table["of"].str.startswith("cluster")]
    assert by_cluster.groupby("group")["value"].mean()["long"] == pytest.approx(
        row(table, OCCUPANCY, group="long")["value"]
    )


def test_replicates_hold_what_the_table_averages(paired):
    replicates = paired.replicates()
    of_one = replicates.loc[
        (replicates["quantity"] == OCCUPANCY) & (replicates["of"] == "") & (replicates["group"] == "short")
    ]
    assert of_one["network"].tolist() == [str(network) for network in range(N_NETWORKS)]
    assert of_one["value"].mean() == pytest.approx(row(paired.table(), OCCUPANCY, group="short")["value"])


def test_states_are_numbered_alike_in_all_groups(tables, paired):
    states = paired.states()
    assert states["state"].tolist() == tables.states == paired.shared_states
    for group in ON:
        part = tables.select(paired.grouping.sessions(group))
        time = part.visits.groupby("state")["duration"].sum() / part.durations.sum()
        assert states[group].sum() == pytest.approx(1)
        assert states.set_index("state")[group][time.index].to_numpy() == pytest.approx(time.to_numpy())
    counts = [paired.transition_counts(group) for group in ON]
    n = len(tables.states)
    assert counts[0].shape == counts[1].shape == (n, n)
    assert sum(each.sum() for each in counts) == len(tables.visits) - tables.n_sessions


@pytest.mark.parametrize("of", ["states", "activations", "intervals"])
def test_survival_curves_are_those_of_the_sessions_of_each_group(tables, paired, of):
    part = tables.select(paired.grouping.sessions("short"))
    spans = {"states": part.visits, "activations": part.activations, "intervals": part.intervals}[of]
    expected, found = survival(spans), paired.survival(of)["short"]
    np.testing.assert_array_equal(found.probability, expected.probability)
    assert (found.n_seen, found.n_censored) == (expected.n_seen, expected.n_censored)


def test_lifetimes_of_one_hidden_markov_model_by_group():
    analyzer = Analyzer(drawn_sessions(*[3.0] * 6), CLUSTERS)
    model = analyzer.fit_hidden_markov(4)
    groups = analyzer.groups(["a", "b"] * 3)
    name = "mean_lifespan_kaplan_meier_sec"
    for group, first in (("a", 0), ("b", 1)):
        visits = model.visits.loc[model.visits["session"] % 2 == first]
        assert row(groups.table(), name, "hidden states", group=group)["value"] == pytest.approx(survival(visits).mean)
        assert groups.survival("hidden")[group].mean == pytest.approx(survival(visits).mean)
    assert row(groups.differences(), name, "hidden states")["p_value"] > 0


def test_permutation_of_pairs_is_exact():
    rng = np.random.default_rng(0)
    one, two = rng.normal(0.6, 1, 7), rng.normal(0, 1, 7)
    all_signs = np.array(list(product([1, -1], repeat=7))) @ (one - two) / 7
    observed = (one - two).mean()
    tails = [np.mean(all_signs >= observed - 1e-12), np.mean(all_signs <= observed + 1e-12)]
    assert permutation_test(one, two, paired=True).p_value == pytest.approx(2 * min(tails))


def test_permutation_of_groups_is_exact():
    rng = np.random.default_rng(1)
    one, two = rng.normal(1, 1, 5), rng.normal(0, 1, 4)
    together = np.concatenate([one, two])
    chosen = [list(each) for each in combinations(range(9), 5)]
    means = np.array([together[each].mean() - np.delete(together, each).mean() for each in chosen])
    observed = one.mean() - two.mean()
    tails = [np.mean(means >= observed - 1e-12), np.mean(means <= observed + 1e-12)]
    assert permutation_test(one, two, paired=False).p_value == pytest.approx(2 * min(tails))


def test_undefined_values_are_left_out_of_a_test():
    one, two = np.array([1.0, 2, 3, np.nan, 5]), np.array([0.0, 0, 0, 0, np.nan])
    pairs = permutation_test(one, two, paired=True)
    assert (pairs.n, pairs.n_reference, pairs.least_p) == (3, 3, 2 / 2**3)
    separate = permutation_test(one, two, paired=False)
    assert (separate.n, separate.n_reference) == (4, 4)
    assert np.isnan(permutation_test(one[:2], two, paired=False).p_value)
    assert permutation_test(np.ones(4), np.ones(4), paired=True).p_value == 1


def test_random_permutations_depend_on_the_seed_alone():
    rng = np.random.default_rng(2)
    one, two = rng.normal(0.3, 1, 30), rng.normal(0, 1, 30)
    found = [permutation_test(one, two, paired=False, seed=seed).p_value for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]
    assert found[0] == pytest.approx(stats.ttest_ind(one, two).pvalue, abs=0.05)


@pytest.mark.parametrize(
    ("groups", "others", "words"),
    [
        (["a", "a", "a"], {}, "at least two groups"),
        (["a", "a", "b"], {}, "group b: one session found; expected at least 2"),
        (["a", "a", "b", "b"], {"networks": [1, 2]}, "networks: 2 found; expected one for each of the 4 sessions"),
        (
            ["a", "a", "b", "b"],
            {"networks": [1, 1, 1, 1], "trials": [0, 0, 0, 1]},
            "group a: 2 sessions of one network and trial found; expected at least 2 trials",
        ),
    ],
)
def test_groups_that_make_no_sense_are_refused(groups, others, words):
    with pytest.raises(InputError, match=words):
        grouping(groups, **others)


def test_names_that_do_not_exist_are_refused(tables, paired):
    with pytest.raises(InputError, match="one of long, short"):
        Groups(tables, grouping(GROUPS, NETWORKS), reference="middle")
    with pytest.raises(InputError, match="fit_hidden_markov"):
        paired.survival("hidden")
    with pytest.raises(InputError, match="states, activations, intervals, or hidden"):
        paired.survival("clusters")
    with pytest.raises(InputError, match="one for each of the 40 sessions"):
        Groups(tables, grouping(["a", "a", "b", "b"])).table()


def test_groups_of_an_analyzer_draw_their_figures(paired):
    analyzer = Analyzer(list(drawn_sessions(3.0, 2.0, 3.0, 2.0)), CLUSTERS)
    groups = analyzer.groups(["one", "one", "other", "other"])
    assert groups.plot("group_activations").axes[0].get_xlabel() == "activation t (s)"
    with pytest.raises(InputError, match=r'figure: "raster" found; expected one of group_values'):
        groups.plot("raster")
    with pytest.raises(InputError, match="figures of groups need their analyzer"):
        paired.plot()
