"""Reference points of the transfer function, with mpmath: ``python tests/core/mean_field/make_transfer_points.py``.

Inputs are exact doubles, written so that they come back as they are; results have 20 digits. The integral is taken by
adaptive quadrature of its defining form at 34 digits and more, on pieces short enough for it to converge.
"""

from __future__ import annotations

import sys
from pathlib import Path

import mpmath as mp
import numpy as np

HERE = Path(__file__).parent
FILE = HERE / "transfer_points.csv"
INPUTS = ("mu", "sigma", "tau_membrane", "tau_synaptic", "tau_refractory", "threshold", "reset_voltage")
RESULTS = ("rate", "by_mu", "by_sigma")
N_POINTS = 2400


def draw(rng: np.random.Generator, index: int) -> dict[str, float]:
    """One point: networks like ours, the wide plane, or little noise far above threshold, in turn."""
    kind = index % 3
    threshold = 10 ** rng.uniform(-2, 1)
    point = {
        "tau_membrane": 10 ** rng.uniform(-2.5, -1),
        "threshold": threshold,
        "reset_voltage": threshold - 10 ** rng.uniform(-3, 1),
        "tau_refractory": rng.choice([0.0, 2e-3, 5e-3]),
    }
    point["tau_synaptic"] = rng.choice([0.0, rng.uniform(0, 1) * point["tau_membrane"]])
    if kind == 0:
        point |= {"mu": threshold * rng.uniform(-2, 4), "sigma": threshold * 10 ** rng.uniform(-1, 0.5)}
    elif kind == 1:
        point |= {"mu": rng.choice([-1, 1]) * 10 ** rng.uniform(-2, 3), "sigma": 10 ** rng.uniform(-2, 5)}
    else:
        point |= {"mu": threshold * (1 + 10 ** rng.uniform(-3, 3)), "sigma": threshold * 10 ** rng.uniform(-6, 0)}
    return {name: float(value) for name, value in point.items()}


def exact(point: dict[str, float]) -> tuple[mp.mpf, mp.mpf, mp.mpf]:
    """Rate and derivatives with respect to mu and sigma."""
    mu, sigma, tau_m, tau_s, tau_ref, threshold, reset = (mp.mpf(point[name]) for name in INPUTS)
    # exp(u^2) loses the digits of u^2, and the derivative with respect to sigma cancels as many
    mp.mp.dps = 34 + int(4 * mp.log10(1 + max(abs(reset - mu), abs(threshold - mu)) / sigma))
    beta = -mp.zeta(mp.mpf(1) / 2) / mp.sqrt(2) * mp.sqrt(tau_s / tau_m)
    a, b = (reset - mu) / sigma + beta, (threshold - mu) / sigma + beta

    def f(u: mp.mpf) -> mp.mpf:
        return mp.exp(u * u) * mp.erfc(-u)

    per_integral = tau_m * mp.sqrt(mp.pi)
    rate = 1 / (tau_ref + per_integral * mp.quad(f, pieces(a, b)))
    slope = rate**2 * per_integral / sigma
    return rate, slope * (f(b) - f(a)), slope * ((b - beta) * f(b) - (a - beta) * f(a))


def pieces(a: mp.mpf, b: mp.mpf) -> list[mp.mpf]:
    """Borders between which the integrand grows by a few powers of e at most."""
    borders = {a, b} | ({mp.mpf(0)} if a < 0 < b else set())
    x = b
    while x > max(a, 0):
        borders.add(x)
        x -= 6 / (1 + x)
        if b * b - x * x > 100:  # the rest is below exp(-100) of the whole
            borders.add(max(a, mp.mpf(0)))
            break
    x = min(b, mp.mpf(0)) - 1
    while x > a:
        borders.add(x)
        x *= mp.mpf(2)
    return sorted(border for border in borders if a <= border <= b)


def main() -> None:
    """Write the file."""
    rng = np.random.default_rng(20260101)
    lines = [",".join(INPUTS + RESULTS)]
    for index in range(N_POINTS):
        point = draw(rng, index)
        if (point["threshold"] - point["mu"]) / point["sigma"] > 25:  # rates below 1e-270
            continue
        results = exact(point)
        if results[0] > 1e-290:
            lines.append(",".join([*(repr(point[name]) for name in INPUTS), *(mp.nstr(x, 20) for x in results)]))
        if index % 100 == 0:
            sys.stderr.write(f"{index}\n")
    FILE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
