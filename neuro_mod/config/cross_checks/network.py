"""Checks of the time axis, of sizes and clusters, of weights, and of values given population by population."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np

from neuro_mod.config.cross_checks.draft import LARGEST, Draft, too_large, too_long
from neuro_mod.config.fields import extra_of
from neuro_mod.config.sections import (
    POPULATION_KEYS,
    Arousal,
    Clusters,
    ExternalCurrents,
    InitParams,
    Network,
    StimulusSection,
)
from neuro_mod.core.clustering.block_weights import depression_factors, largest_potentiation
from neuro_mod.core.neurons import BOUNDS
from neuro_mod.core.perturbations.time_courses import RESOLVED
from neuro_mod.core.spiking_net.time_step import (
    EULER_DIVERGES,
    euler_ratio,
    too_short,
)
from neuro_mod.errors import Problem
from neuro_mod.populations import PATHWAYS, Populations, divide_into_clusters, expand_four, total_populations
from neuro_mod.recordings.spikes import MAX_STEPS, VALID_STEP, is_step

_NETWORK = ("architecture", "network")
_CLUSTERS = ("architecture", "clusters")
_ROUNDING = 1e-12
_KEYS = {
    "init_params": InitParams,
    "architecture.network": Network,
    "architecture.clusters": Clusters,
    "external_currents": ExternalCurrents,
    "stimulus": StimulusSection,
    "arousal": Arousal,
}
_NUMBERS = tuple(f"{section}.{key}" for section, model in _KEYS.items() for key in model.model_fields)
#: The largest usual value of times, in seconds.
USUAL = {
    f"{section}.{key}": extra_of(field)["usual"]
    for section, model in _KEYS.items()
    for key, field in model.model_fields.items()
    if "usual" in extra_of(field)
}
_EXTERNAL = tuple(ExternalCurrents.model_fields)
_MEANINGS = {2: "[E, I]", 4: "[ext E→E, ext E→I, ext I→E, ext I→I]"}


def _magnitude(key: str, draft: Draft) -> Iterator[Problem]:
    """A number is not so large that what follows from it overflows."""
    return too_large(tuple(key.split(".")), draft[key])


def _usual(key: str, draft: Draft) -> Iterator[Problem]:
    """A time is not so long that it is probably given in milliseconds, nor so short that its inverse overflows."""
    usual, value = USUAL[key], draft[key]
    longest = LARGEST if draft["settings.allow_unusual"] else usual
    for index, time in enumerate(value if isinstance(value, tuple) else (value,)):
        place = (*key.split("."), *((index,) if isinstance(value, tuple) else ()))
        if longest < time < LARGEST:
            yield Problem(place, f"{time:g} s found", *too_long(time, usual))
        elif 0 < time < RESOLVED and key != "init_params.delta_t":
            yield Problem(place, f"{time:g} s found", f"at least {RESOLVED:g} s")


def _time_step(draft: Draft) -> Iterator[Problem]:
    """The run has at least one step, and no more than can be counted."""
    step, duration = draft["init_params.delta_t"], draft["init_params.duration_sec"]
    if not is_step(step):
        yield Problem(("init_params", "delta_t"), f"{step:g} s found", VALID_STEP)
    elif step > duration:
        most = f"at most init_params.duration_sec = {duration:g} s"
        yield Problem(("init_params", "delta_t"), f"{step:g} s found", most)
    elif duration > step * MAX_STEPS:
        most = f"at most {MAX_STEPS} steps of init_params.delta_t = {step:g} s"
        hint = "a longer run can be continued from the state at the end of a shorter one"
        yield Problem(("init_params", "duration_sec"), f"{duration:g} s found", most, hint)


def _euler_stable(draft: Draft) -> Iterator[Problem]:
    """Forward Euler does not diverge."""
    step, mechanism = draft["init_params.delta_t"], draft["init_params.mechanism"]
    for name in ("tau_membrane", "tau_synaptic"):
        shortest = np.min(draft[f"init_params.{name}"])
        if euler_ratio(mechanism, step, shortest) >= EULER_DIVERGES:
            valid = f"less than twice init_params.{name} = {shortest:g} s, as Euler steps diverge otherwise"
            yield Problem(("init_params", "delta_t"), f"{step:g} s found", valid, "mechanism: analytic is exact")


def _refractory_periods(draft: Draft) -> Iterator[Problem]:
    """No refractory period vanishes when it is rounded to time steps."""
    step, periods = draft["init_params.delta_t"], np.atleast_1d(draft["init_params.tau_refractory"])
    for period in periods[too_short(periods, step)][:1]:
        valid = f"0, or at least init_params.delta_t = {step:g} s"
        yield Problem(("init_params", "tau_refractory"), f"{period:g} s found", valid, "it rounds to no time step")


def _length(section: str, name: str, short_lengths: tuple[int, ...], draft: Draft) -> Iterator[Problem]:
    """A list has one of the lengths that have a meaning."""
    value, total = draft[f"{section}.{name}"], total_populations(draft["architecture.clusters.n_clusters"])
    if isinstance(value, tuple) and len(value) not in (*short_lengths, total):
        meanings = {total: "one per population"} | {length: _MEANINGS[length] for length in short_lengths}
        lengths = ", or ".join(f"{length} entries ({meanings[length]})" for length in sorted(meanings))
        yield Problem((section, name), f"{len(value)} entries found", f"one number, or {lengths}")


def _threshold_above_reset(draft: Draft) -> Iterator[Problem]:
    """The threshold of each population is above its reset voltage."""
    values = (draft["init_params.threshold"], draft["init_params.reset_voltage"])
    lengths = {len(value) for value in values if isinstance(value, tuple)} - {2}
    # without a list per population, E and I are enough: a network without clusters
    n_clusters = draft["architecture.clusters.n_clusters"] if lengths else 0
    if lengths - {total_populations(n_clusters)}:
        return
    layout = Populations(n_clusters, (0, 0), (0, 0))
    threshold, reset = (layout.expand(value) for value in values)
    low = [i for i in range(layout.total) if not BOUNDS["threshold"].allow(threshold[i], reset[i] + RESOLVED)]
    if low:
        names = [layout.names[i] if lengths else "EI"[i] for i in low]
        more = f" and {len(low) - 3} more" if len(low) > 3 else ""
        found, least = threshold[low[0]], reset[low[0]]
        margin = f", by {RESOLVED:g} at least" if found > least else ""
        yield Problem(
            ("init_params", "threshold"),
            f"{found:g} found for {', '.join(names[:3])}{more}",
            f"more than init_params.reset_voltage = {least:g}{margin}",
        )


def _sizes(draft: Draft) -> Iterator[Problem]:
    """There are no more excitatory neurons than neurons, and ``n_inhibitory`` counts the rest."""
    total, excitatory = draft["architecture.network.n_neurons"], draft["architecture.network.n_excitatory"]
    if excitatory > total:
        yield Problem((*_NETWORK, "n_excitatory"), f"{excitatory} found", f"at most n_neurons = {total}")
    elif (inhibitory := draft["architecture.network.n_inhibitory"]) != total - excitatory:
        follows = f"{total - excitatory} (n_neurons - n_excitatory)"
        yield Problem((*_NETWORK, "n_inhibitory"), f"{inhibitory} found", follows, "it may be left out")


def _number_of_populations(draft: Draft) -> Iterator[Problem]:
    """``total_pops`` follows from ``n_clusters``."""
    found, n_clusters = draft["architecture.clusters.total_pops"], draft["architecture.clusters.n_clusters"]
    if found != total_populations(n_clusters):
        follows = f"{total_populations(n_clusters)} (2 n_clusters + 2)"
        yield Problem((*_CLUSTERS, "total_pops"), f"{found} found", follows, "it may be left out")


def _exact_division(draft: Draft) -> Iterator[Problem]:
    """The neurons of each type divide evenly among its clusters."""
    n_clusters, background = draft["architecture.clusters.n_clusters"], draft["architecture.clusters.n_background"]
    neurons = draft.neurons_of_type
    for kind in range(2):
        alone = [[count if i == kind else 0 for i, count in enumerate(counts)] for counts in (neurons, background)]
        try:
            divide_into_clusters(n_clusters, *alone)
        except ValueError as error:
            yield Problem((*_CLUSTERS, "n_background", kind), str(error))


def _sign_of_weights(draft: Draft) -> Iterator[Problem]:
    """Dale's law: weights from E neurons are not negative, weights from I neurons not positive."""
    value, path = draft["architecture.network.j_baseline"], (*_NETWORK, "j_baseline")
    if isinstance(value, tuple):
        for index, (weight, pathway) in enumerate(zip(value, PATHWAYS, strict=True)):
            kind, sign, bound = ("inhibitory", "negative", "<=") if index > 1 else ("excitatory", "positive", ">=")
            if weight and (weight < 0) != (sign == "negative"):
                hint = f"weights from {kind} neurons are {sign}"
                yield Problem((*path, index), f"{weight:g} found for {pathway}", f"a number {bound} 0", hint)
    elif value:
        hint = "weights from excitatory neurons are positive, from inhibitory neurons negative"
        yield Problem(path, f"{value:g} found for all pathways", f"four entries [{', '.join(PATHWAYS)}]", hint)


def _depression(draft: Draft) -> Iterator[Problem]:
    """Depression between clusters does not change the sign of weights."""
    value, populations = draft["architecture.clusters.j_potentiated"], draft.populations
    if not draft["architecture.clusters.depress"]:
        return
    factors, fractions = expand_four(value), [populations.type_fraction(kind) for kind in (0, 1)]
    for index, g in enumerate(depression_factors(populations, value)):
        if g < -_ROUNDING:
            pre, post = divmod(index, 2)
            largest = largest_potentiation(populations.n_clusters, fractions[post], fractions[pre])
            largest = math.floor(largest * 1e4 + 1e-6) / 1e4
            yield Problem(
                (*_CLUSTERS, "j_potentiated", *([index] if isinstance(value, tuple) else [])),
                f"{factors[index]:g} found for {PATHWAYS[index]}, which changes the sign of weights between clusters "
                f"(depression factor g = {g:.4g} < 0)",
                f"at most {largest:g} for {populations.n_clusters} clusters of these sizes",
                "or set architecture.clusters.depress: false",
            )


def _inhibitory_source(draft: Draft) -> Iterator[Problem]:
    """An external inhibitory source is described completely or not at all."""
    values = {name: draft[f"external_currents.{name}"] for name in _EXTERNAL}
    total = total_populations(draft["architecture.clusters.n_clusters"])
    if any(isinstance(value, tuple) and len(value) not in {2, 4, total} for value in values.values()):
        return
    both = {name: value[2:] for name, value in values.items() if isinstance(value, tuple) and len(value) == 4}
    active = [name for name, inhibitory in both.items() if any(inhibitory)]
    if not active or not any(both.get("c_ext", (1,))):
        return
    for name in _EXTERNAL:
        if name not in both:
            yield Problem(
                ("external_currents", name),
                "no entries for the external inhibitory source",
                "four entries [ext E→E, ext E→I, ext I→E, ext I→I]",
                f"{active[0]} describes that source" + (" (write zeros for none)" if name == "c_ext" else ""),
            )


def _rise_before_decay(draft: Draft) -> Iterator[Problem]:
    """A difference of exponentials rises faster than it decays."""
    rise, decay = draft["stimulus.tau_rise"], draft["stimulus.tau_decay"]
    if draft["stimulus.stimulus_shape"] == "diff2exp" and rise >= decay:
        yield Problem(("stimulus", "tau_rise"), f"{rise:g} s found", f"less than stimulus.tau_decay = {decay:g} s")
    if draft["stimulus.stimulus_shape"] == "diff2exp" and rise < RESOLVED * max(1.0, decay):
        valid = f"at least {RESOLVED:g} s, and {RESOLVED:g} of stimulus.tau_decay = {decay:g} s"
        yield Problem(("stimulus", "tau_rise"), f"{rise:g} s found", valid)


def _offset_after_onset(draft: Draft) -> Iterator[Problem]:
    """A stimulus is long enough for its offset to differ from its onset."""
    duration, last = draft["stimulus.duration_sec"], max(draft["stimulus.onsets"], default=0.0)
    if draft["stimulus.stimulus_shape"] != "diff2exp" and last + duration <= last < LARGEST:
        valid = f"enough for its offset to differ from its onset at {last:g} s"
        yield Problem(("stimulus", "duration_sec"), f"{duration:g} s found", valid)


def _shown_window(draft: Draft) -> Iterator[Problem]:
    """Figures over time end after they begin; a run may be shorter, as drawing then says."""
    begin, end = draft["settings.plot_from"], draft["settings.plot_to"]
    if begin is not None and end is not None and end <= begin:
        yield Problem(("settings", "plot_to"), f"{end:g} s found", f"more than settings.plot_from = {begin:g} s")


#: One check per list, so that one invalid list does not hide another.
NETWORK = (
    *(partial(_magnitude, key) for key in _NUMBERS),
    *(partial(_usual, key) for key in USUAL),
    _time_step,
    _euler_stable,
    _refractory_periods,
    *(partial(_length, "init_params", name, (2,)) for name in POPULATION_KEYS),
    *(partial(_length, "external_currents", name, (2, 4)) for name in _EXTERNAL),
    _threshold_above_reset,
    _sizes,
    _number_of_populations,
    _exact_division,
    _sign_of_weights,
    _depression,
    _inhibitory_source,
    _rise_before_decay,
    _offset_after_onset,
    _shown_window,
)
