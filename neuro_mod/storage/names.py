"""Names of the files and folders of results."""

import re
from pathlib import Path

from neuro_mod.choices import SpikeFormat

#: End of the name of a file that is being written.
PARTIAL = ".partial"
DATA, PLOTS, METADATA = "data", "plots", "metadata"
#: Folder of the configurations of the steps of a sweep.
CONFIGS = "configs"
SPIKES = f"{DATA}/spikes.npz"
STATE = f"{DATA}/state.npz"
RATES = f"{DATA}/rates.npz"
PAIRED_RATES = f"{DATA}/paired_rates.npz"
PAIRED_SPIKES = {"baseline": f"{DATA}/spikes_baseline.npz", "changed": f"{DATA}/spikes_perturbed.npz"}
DIFFERENCES = f"{DATA}/differences.npz"
DIFFERENCES_TABLE = f"{DATA}/differences.csv"
QUANTITY_DIFFERENCES_TABLE = f"{DATA}/quantity_differences.csv"
OCCUPANCY_DIFFERENCES_TABLE = f"{DATA}/occupancy_differences.csv"
FIXED_POINTS = f"{DATA}/fixed_points.npz"
FIXED_POINTS_TABLE = f"{DATA}/fixed_points.csv"
LANDSCAPE = f"{DATA}/landscape.npz"
POTENTIAL_TABLE = f"{DATA}/potential.csv"
STATES_TABLE = f"{DATA}/states.csv"
BARRIERS_TABLE = f"{DATA}/barriers.csv"
BIFURCATION_TABLE = f"{DATA}/bifurcation.csv"
BIFURCATION = f"{DATA}/bifurcation.npz"
CRITICAL_POINTS_TABLE = f"{DATA}/critical_points.csv"
SENSITIVITIES = f"{DATA}/sensitivities.npz"
SENSITIVITIES_TABLE = f"{DATA}/sensitivities.csv"
BARRIER_SENSITIVITIES_TABLE = f"{DATA}/barrier_sensitivities.csv"
FOLD_SENSITIVITIES_TABLE = f"{DATA}/fold_sensitivities.csv"
LINEAR_RESPONSE = f"{DATA}/linear_response.npz"
SPECTRA_TABLE = f"{DATA}/spectra.csv"
COVARIANCES_TABLE = f"{DATA}/covariances.csv"
RESPONSES = f"{DATA}/responses.npz"
RESPONSES_TABLE = f"{DATA}/responses.csv"
POOLED_RESPONSES_TABLE = f"{DATA}/pooled_responses.csv"
STEP_RESPONSE_TABLE = f"{DATA}/step_response.csv"
COMPARISON = f"{DATA}/comparison.npz"
COMPARISON_TABLE = f"{DATA}/comparison.csv"
VALIDITY_TABLE = f"{DATA}/validity.csv"
CAPACITY = f"{DATA}/capacity.npz"
CAPACITY_TABLE = f"{DATA}/capacity.csv"
UNCOVERED_TABLE = f"{DATA}/uncovered_pairs.csv"
#: Folder of the runs that verify a capacity, in its folder, and their table.
VERIFICATION = "verification"
VERIFICATION_TABLE = f"{DATA}/verification.csv"
TRACES = {name: f"{DATA}/{name}.npz" for name in ("voltage", "current")}
CLUSTERS = f"{DATA}/clusters.npy"
STIMULUS = f"{DATA}/stimulus.npz"
CONFIG = f"{METADATA}/config.yaml"
PERTURBATIONS = f"{METADATA}/perturbations.npz"
RUN = f"{METADATA}/run.json"
#: What was changed while a network was explored.
EXPLORED = f"{METADATA}/explored.json"
MANIFEST = f"{METADATA}/manifest.json"
#: Names of the files written so far, one a line; exists only until the manifest does.
UNFINISHED = f"{METADATA}/.unfinished"
#: Repeated runs also have the populations at the root of the folder, and files for each repeat.
REPEATED_CLUSTERS = "clusters.npy"
SEEDS = f"{METADATA}/seeds.txt"
LOG = f"{METADATA}/run.log"
#: A job also has a description of itself, the list of finished items, and a log of each worker.
PLAN = f"{METADATA}/plan.json"
FINISHED = f"{METADATA}/finished.jsonl"
WORKER_LOGS = f"{METADATA}/logs"
#: Folder of the shards of a study; each also has the arguments of its job.
SHARDS = "shards"
JOB = f"{METADATA}/job.json"
_SHARD = re.compile("([0-9]+)_of_([0-9]+)")
#: The table of a sweep in two formats, and the description of the sweep.
RESULTS_TABLE, RESULTS_PARQUET = "results.csv", "results.parquet"
SWEEP = f"{METADATA}/sweep.json"
#: The vectors of a sweep over directions.
DIRECTIONS_TABLE = f"{DATA}/directions.csv"
#: A design: the configuration with its perturbation, and its tables.
DESIGN_CONFIG = "design.yaml"
DESIGN_TABLE, DESIGN_VECTORS = f"{DATA}/design.csv", f"{DATA}/design_vectors.csv"
DESIGN_STEPS, DESIGN_LEAKAGE = f"{DATA}/design_iterations.csv", f"{DATA}/design_leakage.csv"
#: Files at the root of a folder of results.
IN_ROOT = (REPEATED_CLUSTERS, RESULTS_TABLE, RESULTS_PARQUET, DESIGN_CONFIG)
#: Folder of the analysis of a run, in its folder.
ANALYSIS = "analysis"
#: Files of an analysis, in its folder.
ANALYSIS_DESCRIPTION = "analysis.json"
ANALYSIS_LAYOUT = "clusters.npz"
ANALYSIS_RATES = "cluster_rates.npz"
ANALYSIS_STATES = "states.csv"
ANALYSIS_VISITS = "occurrences.csv"
ANALYSIS_ACTIVATIONS = "activations.csv"
ANALYSIS_CLUSTER_TABLE = "cluster_table.csv"
ANALYSIS_ACTIVE_TABLE = "active_table.csv"
ANALYSIS_QUANTITIES = "quantities.csv"
ANALYSIS_TRANSITIONS = "transitions.csv"
ANALYSIS_PROBABILITIES = "transition_probabilities.csv"
ANALYSIS_GROUPS = "groups.csv"
ANALYSIS_GROUP_DIFFERENCES = "group_differences.csv"
ANALYSIS_GROUP_REPLICATES = "group_replicates.csv"
ANALYSIS_GROUP_SESSIONS = "group_sessions.csv"
ANALYSIS_GROUP_STATES = "group_states.csv"
HIDDEN_MARKOV_MODEL = "hidden_markov.npz"
HIDDEN_MARKOV_VISITS = "hidden_markov_occurrences.csv"
HIDDEN_MARKOV_TRANSITIONS = "hidden_markov_transitions.csv"
HIDDEN_MARKOV_SCORES = "hidden_markov_scores.csv"
HIDDEN_MARKOV_STATES = "hidden_markov_states.csv"
#: Assembly of each neuron, if assemblies were found.
ASSEMBLY_LABELS = "assemblies.npy"
ASSEMBLIES_TABLE = "assemblies.csv"
ASSEMBLY_EIGENVALUES = "assembly_eigenvalues.csv"
#: Tables of an analysis around events.
EPOCHS, PSTH, FANO_IN_TIME, AROUND_SWITCHES = "epochs.csv", "psth.csv", "fano_in_time.csv", "around_switches.csv"
ANALYSIS_FILES = (
    *(ANALYSIS_DESCRIPTION, ANALYSIS_LAYOUT, ANALYSIS_RATES, ANALYSIS_STATES, ANALYSIS_VISITS, ANALYSIS_TRANSITIONS),
    *(ANALYSIS_PROBABILITIES, ANALYSIS_ACTIVATIONS, ANALYSIS_CLUSTER_TABLE, ANALYSIS_ACTIVE_TABLE, ANALYSIS_QUANTITIES),
    *(HIDDEN_MARKOV_MODEL, HIDDEN_MARKOV_VISITS, HIDDEN_MARKOV_TRANSITIONS, HIDDEN_MARKOV_SCORES),
    *(HIDDEN_MARKOV_STATES, ASSEMBLY_LABELS, ASSEMBLIES_TABLE, ASSEMBLY_EIGENVALUES),
    *(ANALYSIS_GROUPS, ANALYSIS_GROUP_DIFFERENCES, ANALYSIS_GROUP_REPLICATES),
    *(ANALYSIS_GROUP_SESSIONS, ANALYSIS_GROUP_STATES),
    *(EPOCHS, PSTH, FANO_IN_TIME, AROUND_SWITCHES),
)
#: Its figures, in the folder of plots, without their endings.
ANALYSIS_FIGURES = (
    *("state_raster", "cluster_rates", "active_clusters", "lifetimes", "new_states"),
    *("occupancy", "activations"),
    *("transition_matrix", "transition_graph", "assemblies"),
    *("hidden_states", "hidden_lifetimes", "hidden_transition_matrix", "hidden_transition_graph"),
    *("group_values", "group_rasters", "group_lifetimes", "group_activations", "group_intervals"),
    "group_hidden_lifetimes",
    *("psth", "fano_in_time", "around_switches"),
)
#: Folder of the decoding of a sweep, in its folder, and the files of a decoding.
DECODING = "decoding"
DECODING_TABLE, DECODING_AFTER_EVENT = "decoding.csv", "decoding_after_event.csv"
DECODING_ENSEMBLES, DECODING_DESCRIPTION = "decoding_ensembles.csv", "decoding.json"
#: Its figures, in the folder of plots, without their endings.
DECODING_FIGURES = ("decoding", "decoding_by")
#: Digits of the number of a repeat in the names of its files, so that these sort by it.
_DIGITS = 4
MAX_REPEATS = 10**_DIGITS


def shard_folder(number: int, total: int) -> str:
    """Folder of a shard within that of its study; folders sort by the number."""
    return f"{SHARDS}/{number:0{len(str(total))}d}_of_{total}"


def shard_numbers(name: str) -> tuple[int, int] | None:
    """Number of a shard, from 1, and how many there are, given the name of its folder; None for other names."""
    found = _SHARD.fullmatch(name)
    numbers = (int(found[1]), int(found[2])) if found else (0, 0)
    return numbers if 1 <= numbers[0] <= numbers[1] and f"{SHARDS}/{name}" == shard_folder(*numbers) else None


def repeat_spikes(index: int, spike_format: SpikeFormat = "dense") -> str:
    """File of the spikes of a repeat."""
    return f"{DATA}/spikes_{index:0{_DIGITS}d}.{'npy' if spike_format == 'dense' else 'npz'}"


def repeat_rates(index: int) -> str:
    """File of the population rates of a repeat."""
    return f"{DATA}/rates_{index:0{_DIGITS}d}.npz"


def pair_rates(index: int) -> str:
    """File of the rates of a pair of runs, from which the file of all pairs is made."""
    return f"{DATA}/pair_{index:0{_DIGITS}d}.npz"


def trial_rates(index: int) -> str:
    """File of the simulated rates of a trial of a comparison."""
    return f"{DATA}/trial_{index:0{_DIGITS}d}.npz"


def finer_trial_rates(index: int) -> str:
    """File of the simulated rates of the same with a finer time step."""
    return f"{DATA}/finer_trial_{index:0{_DIGITS}d}.npz"


def modes_file(n_modes: int) -> str:
    """File of so many modes, and of the directions of states within them."""
    return f"{DATA}/modes_{n_modes:0{_DIGITS}d}.npz"


def directions_table(n_modes: int) -> str:
    """Table of these directions."""
    return f"{DATA}/directions_{n_modes:0{_DIGITS}d}.csv"


def branch_activity(key: str) -> str:
    """File of the active clusters of a run under a direction, given the key of its item."""
    return f"{DATA}/active_{key.replace(' ', '_')}.npz"


def trial_scores(index: int) -> str:
    """File of the spike counts of the populations and the scores of their external input, of a trial."""
    return f"{DATA}/scores_{index:0{_DIGITS}d}.npz"


def measured_under(name: str) -> str:
    """File of what was measured under a vector of a design."""
    return f"{DATA}/measured_{name}.npz"


def step_config(index: int, repeat: int = 0) -> str:
    """File of the configuration of a step of a sweep."""
    more = f"_repeat_{repeat:0{_DIGITS}d}" if repeat else ""
    return f"{CONFIGS}/step_{index:0{_DIGITS}d}{more}.yaml"


def step_result(name: str, repeat: int) -> str:
    """File of the result of a step of a sweep, given a name of its point."""
    return f"{DATA}/step_{name}_{repeat:0{_DIGITS}d}.npz"


def point_config(index: int) -> str:
    """File of the configuration at a point of a sweep."""
    return f"{CONFIGS}/point_{index:0{_DIGITS}d}.yaml"


def point_result(name: str, *numbers: int) -> str:
    """File of the measures of a run of a sweep, given a name of its point, and its repeat, or network and trial."""
    return f"{DATA}/point_{name}{_suffix(numbers)}.json"


def point_spikes(name: str, *numbers: int) -> str:
    """File of the spikes of a run of a sweep, likewise."""
    return f"{DATA}/spikes_{name}{_suffix(numbers)}.npz"


def point_mean_field(name: str, *numbers: int) -> str:
    """File of the arrays of the mean field at the point of a run of a sweep, likewise."""
    return f"{DATA}/mean_field_{name}{_suffix(numbers)}.npz"


def is_spikes(name: str) -> bool:
    """Whether this is a name of a file of spikes."""
    return Path(name).parent == Path(DATA) and Path(name).name.startswith("spikes")


def _suffix(numbers: tuple[int, ...]) -> str:
    return "".join(f"_{number:0{_DIGITS}d}" for number in numbers)
