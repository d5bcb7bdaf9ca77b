# ruff: noqa: NPY002 numba has these random numbers
"""Points of the exact response, by Monte Carlo: ``python tests/core/mean_field/make_coloured_noise_points.py``.

A leaky integrate-and-fire neuron with an Ornstein-Uhlenbeck current is followed by exact Gaussian steps of (V, x) over
any time: ``dV/dt = (mu - V)/tau_m + x``, x of time constant tau_s and variance ``sigma^2 / (2 tau_s tau_m)``. Steps are
long where the threshold is out of reach, and end at 2.5 us beside it. A crossing is looked for at ends of steps, and
the spike is put where the straight line between them crosses. Then V is held for tau_ref while x goes on. So the only
error that depends on the step is that of crossings and returns within one shortest step, of order h^(5/4); longer
shortest steps show how small it is (``--shortest``), and `fixed_steps` repeats it with steps of one length, and spikes
at their ends, as a simulation has it. Nothing here is shared with the package. Errors are standard errors, by the
jackknife over trajectories.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

_Array = NDArray[np.float64]

HERE = Path(__file__).parent
FILE = HERE / "coloured_noise_points.csv"
STEPS_FILE = HERE / "coloured_noise_steps.csv"
COLUMNS = ("mu", "sigma", "tau_membrane", "tau_synaptic", "tau_refractory", "rate", "rate_error", "cv", "cv_error")
SHORTEST = 2.5e-6
N_TRAJECTORIES = 100
N_DROPPED = 10
#: Standard deviations of V after a step within which the threshold must be out of reach.
MARGIN = 5.5


class Point(NamedTuple):
    """A neuron with threshold 1 and reset 0, and its input; times in seconds."""

    mu: float
    sigma: float
    tau_membrane: float = 20e-3
    tau_synaptic: float = 5e-3
    tau_refractory: float = 5e-3


POINTS = (
    # those of the table in the specification
    Point(0.571, 0.55),
    Point(1.047, 1.0),
    Point(1.523, 0.35),
    Point(1.523, 1.7),
    Point(1.998, 0.55),
    # little noise near threshold, low rates, far above threshold, much noise
    Point(1.1, 0.1),
    Point(1.0, 0.1),
    Point(0.9, 0.2),
    Point(0.6, 0.35),
    Point(0.3, 0.5),
    Point(-0.5, 1.0),
    Point(10.0, 1.0),
    Point(5.0, 3.0),
    Point(0.0, 5.0),
    # other time constants
    Point(0.8, 0.5, tau_synaptic=1e-3),
    Point(1.5, 0.5, tau_synaptic=1e-3),
    Point(1.5, 0.5, tau_synaptic=0.1e-3),
    Point(0.8, 0.5, tau_synaptic=20e-3),
    Point(0.6, 0.6, tau_synaptic=40e-3),
    Point(1.5, 0.5, tau_synaptic=40e-3),
    Point(0.8, 0.5, tau_refractory=0.0),
    Point(1.5, 0.5, tau_refractory=0.0),
    Point(1.5, 1.7, tau_refractory=0.0),
    Point(1.5, 0.5, tau_synaptic=1e-3, tau_refractory=2e-3),
    Point(1.2, 1.0, tau_refractory=2e-3),
    Point(2.0, 1.0, tau_synaptic=40e-3, tau_refractory=2e-3),
    Point(0.8, 0.45, 10e-3, 0.5e-3, 2e-3),
)


def exact_steps(point: Point, lengths: NDArray[Any]) -> _Array:
    """Coefficients of exact steps, shape ``(n, 7)``: length, decay of V, decay of x, x into V, Cholesky factor (3)."""
    tau_m, tau_s = point.tau_membrane, point.tau_synaptic
    variance = point.sigma**2 / (2 * tau_s * tau_m)
    nodes, weights = np.polynomial.legendre.leggauss(20)
    rows = []
    for h in lengths:
        s = h * (nodes + 1) / 2  # x(t) = sqrt(2 variance / tau_s) int exp(-s / tau_s) dW, and V = int kernel(s) dW
        kernel, decay = _into_voltage(s, tau_m, tau_s), np.exp(-s / tau_s)
        weight = weights * h / 2 * 2 * variance / tau_s
        var_v, cov, var_x = (weight * kernel**2).sum(), (weight * kernel * decay).sum(), (weight * decay**2).sum()
        sd_v = np.sqrt(var_v)
        rest = np.sqrt(max(var_x - cov**2 / var_v, 0.0))
        rows.append([h, np.exp(-h / tau_m), np.exp(-h / tau_s), _into_voltage(h, tau_m, tau_s), sd_v, cov / sd_v, rest])
    return np.array(rows)


def _into_voltage(s: Any, tau_m: float, tau_s: float) -> Any:
    """Response of V after s to x = 1 now."""
    if tau_m == tau_s:
        return s * np.exp(-s / tau_m)
    return (np.exp(-s / tau_s) - np.exp(-s / tau_m)) * tau_s * tau_m / (tau_s - tau_m)


@njit(cache=True)
def adaptive_intervals(
    seed: int, n: int, mu: float, tau_m: float, tau_s: float, tau_ref: float, sd_x: float, steps: _Array
) -> _Array:
    """n intervals of one trajectory, with steps as long as the threshold is out of reach."""
    np.random.seed(seed)
    intervals = np.empty(n)
    v, x, since, k, found = 0.0, sd_x * np.random.standard_normal(), 0.0, 0, -N_DROPPED
    while found < n:
        drift = max(0.0, (mu - v) / tau_m) + max(0.0, x)
        k = min(k + 1, len(steps) - 1)
        while k > 0 and v + steps[k, 0] * drift + MARGIN * steps[k, 4] >= 1:
            k -= 1
        h, decay_v, decay_x, into_v, sd_v, with_v, rest = steps[k]
        first, second = np.random.standard_normal(), np.random.standard_normal()
        v_end = mu + (v - mu) * decay_v + into_v * x + sd_v * first
        x_end = decay_x * x + with_v * first + rest * second
        if v_end < 1:
            v, x, since = v_end, x_end, since + h
            continue
        part = (1 - v) / (v_end - v)
        if found >= 0:
            intervals[found] = since + part * h
        found += 1
        left = tau_ref - (1 - part) * h
        if left < 0:  # x at the crossing
            left, x_end = tau_ref, x + part * (x_end - x)
        decay = np.exp(-left / tau_s)
        x = decay * x_end + sd_x * np.sqrt(1 - decay**2) * np.random.standard_normal()
        v, since, k = 0.0, tau_ref, 0
    return intervals


@njit(cache=True)
def fixed_intervals(seed: int, n: int, mu: float, tau_ref: float, sd_x: float, step: _Array) -> _Array:
    """n intervals of one trajectory, with steps of one length; spikes and ends of refractoriness are at their ends."""
    np.random.seed(seed)
    intervals = np.empty(n)
    h, decay_v, decay_x, into_v, sd_v, with_v, rest = step
    n_held = round(tau_ref / h)
    v, x, since, held, found = 0.0, sd_x * np.random.standard_normal(), 0, 0, -N_DROPPED
    while found < n:
        first, second = np.random.standard_normal(), np.random.standard_normal()
        if held > 0:
            held -= 1
        else:
            v = mu + (v - mu) * decay_v + into_v * x + sd_v * first
        x = decay_x * x + with_v * first + rest * second
        since += 1
        if v >= 1:
            if found >= 0:
                intervals[found] = since * h
            v, held, since = 0.0, n_held, 0
            found += 1
    return intervals


def adaptive_steps(point: Point, n: int, seed: int, shortest: float = SHORTEST) -> _Array:
    """Intervals in seconds of the point, shape ``(N_TRAJECTORIES, n)``."""
    longest = min(point.tau_membrane, 4 * point.tau_synaptic) / 2
    steps = exact_steps(point, shortest * 2.0 ** np.arange(1 + int(np.log2(longest / shortest))))
    times = point.tau_membrane, point.tau_synaptic, point.tau_refractory
    return np.array(
        [adaptive_intervals(seed + i, n, point.mu, *times, _sd_of_current(point), steps) for i in range(N_TRAJECTORIES)]
    )


def fixed_steps(point: Point, n: int, seed: int, h: float) -> _Array:
    """The same with steps of length h."""
    step = exact_steps(point, np.array([h]))[0]
    given = point.mu, point.tau_refractory, _sd_of_current(point), step
    return np.array([fixed_intervals(seed + i, n, *given) for i in range(N_TRAJECTORIES)])


def _sd_of_current(point: Point) -> float:
    return point.sigma / np.sqrt(2 * point.tau_synaptic * point.tau_membrane)


def statistics(intervals: _Array) -> tuple[float, float, float, float]:
    """Rate with its error, CV with its error."""
    first, second = intervals.mean(axis=1), (intervals**2).mean(axis=1)

    def of(mean: Any, square: Any) -> Any:
        return np.array([1 / mean, np.sqrt(square / mean**2 - 1)])

    n = len(first)
    left_out = of((first.sum() - first) / (n - 1), (second.sum() - second) / (n - 1))
    errors = np.sqrt((n - 1) * left_out.var(axis=1))
    rate, cv = of(first.mean(), second.mean())
    return float(rate), float(errors[0]), float(cv), float(errors[1])


def main() -> None:
    """Write one of the files, or print what another shortest step gives."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--intervals", type=int, default=40_000, help="of each trajectory (default 40000)")
    parser.add_argument("--points", type=int, default=len(POINTS), help="the first of the points")
    parser.add_argument("--shortest", type=float, help="only print results with this shortest step, in seconds")
    parser.add_argument(
        "--steps", type=float, nargs="+", help=f"write {STEPS_FILE.name}, for steps of one length, in s"
    )
    chosen = parser.parse_args()
    lines = [",".join((*COLUMNS, "step")[: 10 if chosen.steps else 9])]
    for index, point in enumerate(POINTS[: chosen.points]):
        for step in chosen.steps or (chosen.shortest or SHORTEST,):
            start = time.perf_counter()
            found = (fixed_steps if chosen.steps else adaptive_steps)(point, chosen.intervals, 1000 * index, step)
            numbers = [*map(repr, point), *(f"{value:.7g}" for value in statistics(found))]
            lines.append(",".join([*numbers, repr(step)] if chosen.steps else numbers))
            sys.stderr.write(f"{lines[-1]}  ({time.perf_counter() - start:.1f} s)\n")
            if not chosen.shortest:
                (STEPS_FILE if chosen.steps else FILE).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
