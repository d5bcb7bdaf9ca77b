"""The climb on an objective whose best vector is known, and gradients by scores in a process that is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.signal import lfilter

from neuro_mod.core.control.climb import Measured, averaged, climb, drawn_together, possible_gain, settled
from neuro_mod.core.control.constraints import allowed_perturbations
from neuro_mod.core.control.goals import Goal
from neuro_mod.core.control.score_gradients import Delays, score_gradient
from neuro_mod.errors import InputError

SLOPE = np.array([3.0, 3.0, -1.0, -1.0, -1.0, 0.2])
GROUPS = [[0, 1], [2, 3, 4], [5]]
NOISE = 0.3


def objective(vector: np.ndarray) -> float:
    """A linear gain, and a curvature that matters at the budget of these tests."""
    return float(SLOPE @ vector - 2 * vector @ vector)


def measuring(seed: int) -> Callable[[np.ndarray, int], Measured]:
    rng = np.random.default_rng(seed)

    def measure(vector: np.ndarray, _: int) -> Measured:
        noise = rng.normal(size=7) * NOISE
        error = np.full(6, NOISE)
        return Measured(objective(vector) + noise[6] / 10, NOISE / 10, SLOPE - 4 * vector + noise[:6], error, "toy")

    return measure


def test_a_climb_finds_the_best_vector_despite_noise() -> None:
    constraints = allowed_perturbations(6, "l2", 0.4)
    best = 0.4 * SLOPE / np.linalg.norm(SLOPE)
    start = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.4])
    steps = list(climb(measuring(1), start, constraints, GROUPS, radius=0.1, n_steps=16))
    found = settled(steps, constraints)
    assert constraints.size(found) <= 0.4 * (1 + 1e-9)
    # noise of the averaged gradients turns the vector by about .3/sqrt(3)/|slope|, which costs its square
    assert objective(found) > objective(best) - 0.02
    assert objective(start) < objective(best) - 1
    repeated = list(climb(measuring(1), start, constraints, GROUPS, radius=0.1, n_steps=16))
    assert repeated[-1].vector.tobytes() == steps[-1].vector.tobytes()


def test_what_another_vector_may_gain_is_bounded_by_tangents() -> None:
    constraints, rng = allowed_perturbations(6, "l2", 0.4), np.random.default_rng(3)
    here, best = np.full(6, 0.05), 0.4 * SLOPE / np.linalg.norm(SLOPE)

    def exact(vector: np.ndarray) -> Measured:
        return Measured(objective(vector), 0.0, SLOPE - 4 * vector, np.zeros(6), "toy")

    # nothing is better than the best vector, and what is better than another one is not hidden, as it is concave
    assert possible_gain([exact(best)], [best], objective(best), 0.0, constraints).value == pytest.approx(0)
    near = [here + 0.02 * rng.normal(size=6) for _ in range(3)]
    found = possible_gain([exact(x) for x in near], near, objective(here), 0.0, constraints)
    assert found.value > objective(best) - objective(here) > 0
    # of the quadratic term 2 |y - x|^2, which tangents leave out, with y the best vector
    left_out = float(np.mean([2 * (best - x) @ (best - x) for x in near]))
    assert found.value == pytest.approx(objective(best) - objective(here) + left_out, abs=0.1 * left_out)
    # the error is the spread over measurements
    drawn = []
    for seed in range(200):
        measure = measuring(seed)
        drawn.append(possible_gain([measure(x, 0) for x in near], near, objective(here), 0.0, constraints))
    assert np.mean([each.error for each in drawn]) == pytest.approx(np.std([each.value for each in drawn]), rel=0.2)


def test_a_climb_reaches_the_corner_of_a_box() -> None:
    constraints = allowed_perturbations(6, "linf", 0.1)
    steps = list(climb(measuring(2), np.zeros(6), constraints, GROUPS, radius=0.05, n_steps=8))
    # the last slope, .2, is below its noise
    assert steps[-1].vector[:5] == pytest.approx(0.1 * np.sign(SLOPE[:5]))


def test_steps_beyond_the_linear_range_shrink_and_go_back() -> None:
    constraints = allowed_perturbations(1, "linf", 1.0)

    def measure(vector: np.ndarray, _: int) -> Measured:
        # a slope of 1 that breaks down beyond .1
        value = float(vector[0] - 20 * max(vector[0] - 0.1, 0))
        return Measured(value, 1e-3, np.array([1.0]), np.array([1e-3]), "toy")

    steps = list(climb(measure, np.zeros(1), constraints, [], radius=0.4, n_steps=8))
    assert steps[1].went_back
    assert steps[1].linear is False
    assert steps[1].radius < steps[0].radius
    assert max(step.measured.objective for step in steps) > 0.04


def test_gradients_are_drawn_together_as_far_as_their_errors_allow() -> None:
    gradient, error = np.array([2.0, 4.0, 5.0, 5.0, 5.0, 0.2]), np.array([1.5, 1.5, 1, 1, 1, 0.5])
    found = drawn_together(gradient, error, GROUPS)
    # spread 2 within an expected noise of 2.25
    assert found == pytest.approx([3, 3, 5, 5, 5, 0])
    assert drawn_together(gradient, error / 10, GROUPS)[:2] == pytest.approx([2, 4], abs=0.02)


def test_averages_forget_and_do_not_mix_objectives() -> None:
    def one(value: float, kind: str) -> Measured:
        return Measured(0.0, 0.1, np.array([value]), np.array([1.0]), kind)

    gradient, error = averaged([one(9, "other"), one(1, "same"), one(2, "same")])
    weights = np.array([0.8, 1]) / 1.8
    assert gradient == pytest.approx(weights @ [1, 2])
    assert error == pytest.approx(np.linalg.norm(weights))


def chain(rng: np.random.Generator, n_bins: int, delta: float) -> tuple[np.ndarray, np.ndarray]:
    """A two-state chain whose probability of switching on follows a Poisson count, and the score of the count.

    The count has the mean 5 (1 + delta), so that its score at delta = 0 is ``n - 5``.
    """
    counts = rng.poisson(5 * (1 + delta), size=n_bins)
    coins = rng.uniform(size=n_bins)
    active = np.zeros(n_bins, bool)
    for t in range(1, n_bins):
        active[t] = coins[t] < (0.9 if active[t - 1] else 0.02 * counts[t])
    return active, counts - 5.0


def test_gradients_by_scores_are_those_of_a_known_chain() -> None:
    # on with rate .02 n of mean .1, off with .1: occupancy a / (a + .1), d/d delta = .1 a / (a + .1)^2 = 1/4 at a = .1
    rng = np.random.default_rng(5)
    runs = [chain(rng, 4000, 0.0) for _ in range(16)]
    observables = [active.astype(float) for active, _ in runs]
    features = [np.column_stack([np.ones(len(active)), active]) for active, _ in runs]
    unrelated = [rng.normal(size=4000) for _ in runs]
    scores = [np.column_stack([score, other]) for (_, score), other in zip(runs, unrelated, strict=True)]
    found = score_gradient(observables, features, scores, Delays(block=3, horizon=60, lead=0))
    assert found.value[0] == pytest.approx(0.25, abs=3 * found.error[0])
    assert found.value[1] == pytest.approx(0, abs=3 * found.error[1])
    # better than the plain covariance with the scores of the same time, of which the errors are what this is for
    window = 60
    plain = []
    for active, score in zip(observables, scores, strict=True):
        sums = np.cumsum(score[:, 0])
        plain.append(np.mean((active[window:] - np.mean(observables)) * (sums[window:] - sums[:-window])))
    assert np.mean(plain) == pytest.approx(0.25, abs=3 * float(np.std(plain)) / 4)
    assert found.error[0] < np.std(plain, ddof=1) / 4 / 2


def test_trials_that_are_too_short_are_refused() -> None:
    with pytest.raises(InputError, match="trials of 10 bins found; expected at least 64"):
        score_gradient([np.zeros(10)], [np.ones((10, 1))], [np.zeros((10, 2))], Delays(3, 60, 0))


def test_what_flags_hide_is_told_by_rates() -> None:
    """A flag of activity that follows a hidden rate, which remembers what flags do not show.

    x(t) = a x(t - 1) + sqrt(1 - a^2) (z(t) + delta) has variance 1 and mean delta sqrt((1 + a) / (1 - a)), the flag is
    x > 1, and the score of delta is z: the mean of the flag has the slope phi(1) sqrt((1 + a) / (1 - a)).
    """
    rng, memory, threshold = np.random.default_rng(8), 0.95, 20.0
    goal = Goal("occupancy", (0,), 1, 1, 5e-3)
    normal = rng.normal(size=(40, 8000))
    hidden = np.asarray(lfilter([np.sqrt(1 - memory**2)], [1, -memory], normal, axis=1))[..., None]
    active = hidden > 1
    # some rate in Hz that is at the threshold of activity where the flag is
    rates = np.maximum(threshold + 8 * (hidden - 1), 0)
    observables = [goal.parts(each).above for each in active]
    true = np.exp(-0.5) / np.sqrt(2 * np.pi) * np.sqrt((1 + memory) / (1 - memory))

    def bias(seen: np.ndarray) -> tuple[float, float]:
        features = [goal.features(flags, each, threshold) for flags, each in zip(active, seen, strict=True)]
        found = score_gradient(observables, features, list(normal[..., None]), Delays(block=20, horizon=160, lead=0))
        return found.value[0] / true - 1, found.error[0] / true

    told, error = bias(rates)
    assert error < 0.02
    # 6 % too large: the expected future is not quite linear in what is seen
    assert abs(told) < 0.1
    hidden_from, error = bias(np.zeros_like(rates))
    assert hidden_from < -0.1 - 4 * error
