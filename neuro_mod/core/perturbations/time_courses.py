"""Time courses: factors by which a perturbation or a stimulus is multiplied.

Each is 0 outside its window, which begins at the onset and ends before the offset.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.checks import check_positive
from neuro_mod.choices import CourseShape
from neuro_mod.errors import InputError, invalid

_Array = NDArray[np.float64]

#: Times this close are the same: a step belongs to a window by its nearest multiple of the time step.
_SAME_TIME = 1e-9

#: A rise time shorter than this, in seconds or as a part of the decay time, is lost in rounding.
RESOLVED = 1e-12


@dataclass(frozen=True, kw_only=True)
class TimeCourse(ABC):
    """A function of time.

    Args:
        onset_time: Beginning of the window in seconds.
        offset_time: End of the window in seconds; None if it has none.

    Raises:
        InputError: The window ends before it begins, or a parameter is out of bounds.
    """

    onset_time: float = 0.0
    offset_time: float | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, float) and not np.isfinite(value):
                raise invalid(name, value, "finite")
        if self.offset_time is not None and self.offset_time <= self.onset_time:
            raise invalid("offset_time", self.offset_time, f"a time after onset_time, {self.onset_time:g} s")

    def __call__(self, times: ArrayLike) -> _Array:
        """Values at these times (seconds), of the same shape."""
        since = np.asarray(times, np.float64) - self.onset_time
        inside = since > -_SAME_TIME
        if self.offset_time is not None:
            inside &= since < self.offset_time - self.onset_time - _SAME_TIME
        # extreme parameters can give values that are not finite; `Course` refuses them
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            return np.where(inside, self._within(np.maximum(since, 0.0)), 0.0)

    @abstractmethod
    def _within(self, since: _Array) -> _Array:
        """Values inside the window, at these seconds since the onset."""


@dataclass(frozen=True, kw_only=True)
class Hat(TimeCourse):
    """1 within the window.

    Examples:
        >>> from neuro_mod import Hat
        >>> Hat(onset_time=0.5, offset_time=1.0)([0.4, 0.5, 0.9, 1.0])
        array([0., 1., 1., 0.])
    """

    def _within(self, since: _Array) -> _Array:
        return np.ones_like(since)


@dataclass(frozen=True, kw_only=True)
class _Smooth(TimeCourse):
    """A course that varies within its window.

    Args:
        interval: Seconds for which each value is held; None to follow the course at every time.
    """

    interval: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.interval is not None:
            check_positive("interval", self.interval)

    def _within(self, since: _Array) -> _Array:
        if self.interval is not None:
            since = self.interval * _whole_intervals(since, self.interval)
        return self._value(since)

    @abstractmethod
    def _value(self, since: _Array) -> _Array:
        """The course itself."""


@dataclass(frozen=True, kw_only=True)
class Ramp(_Smooth):
    """Rises evenly from 0 at the onset to 1, and stays there.

    Args:
        rise_time: How long it rises, in seconds; None for the length of the window.

    Examples:
        >>> from neuro_mod import Ramp
        >>> Ramp(onset_time=0.5, rise_time=1.0)([0.0, 0.5, 1.0, 2.0])
        array([0. , 0. , 0.5, 1. ])
    """

    rise_time: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rise_time is not None:
            check_positive("rise_time", self.rise_time)
        elif self.offset_time is None:
            raise InputError("rise_time: missing; expected rise_time or offset_time for a ramp")

    def _value(self, since: _Array) -> _Array:
        rise_time = self.rise_time
        if rise_time is None:
            assert self.offset_time is not None
            rise_time = self.offset_time - self.onset_time
        return np.minimum(since / rise_time, 1.0)


@dataclass(frozen=True, kw_only=True)
class Sine(_Smooth):
    """``sin(2 pi frequency (t - onset) + phase)``.

    Args:
        frequency: In Hz.
        phase: In radians.

    Examples:
        >>> from neuro_mod import Sine
        >>> Sine(frequency=2.0, onset_time=0.5)([0.0, 0.5, 0.625, 0.875]).round(6)
        array([ 0.,  0.,  1., -1.])
    """

    frequency: float
    phase: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive("frequency", self.frequency)

    def _value(self, since: _Array) -> _Array:
        return np.sin(2 * np.pi * self.frequency * since + self.phase)


@dataclass(frozen=True, kw_only=True)
class Diff2Exp(_Smooth):
    """Difference of two exponentials, 1 at its peak.

    Args:
        tau_rise: Rise time in seconds.
        tau_decay: Decay time in seconds, above ``tau_rise``.

    Examples:
        >>> from neuro_mod import Diff2Exp
        >>> Diff2Exp(tau_rise=0.05, tau_decay=0.5)([0.0, 0.05, 0.128, 1.0]).round(2)
        array([0.  , 0.77, 1.  , 0.19])
    """

    tau_rise: float
    tau_decay: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.tau_rise < self.tau_decay:
            raise invalid("tau_rise", self.tau_rise, f"a time between 0 and tau_decay, {self.tau_decay:g} s")
        if self.tau_rise < RESOLVED * max(1.0, self.tau_decay):
            valid = f"at least {RESOLVED:g} s, and {RESOLVED:g} of tau_decay, {self.tau_decay:g} s"
            raise invalid("tau_rise", self.tau_rise, valid)

    def _value(self, since: _Array) -> _Array:
        rise, decay = np.float64(self.tau_rise), np.float64(self.tau_decay)
        gap = (decay - rise) / (rise * decay)  # 1/tau_rise - 1/tau_decay
        peak_time = np.log1p((decay - rise) / rise) / gap

        def difference(t: _Array | float) -> _Array:
            return np.exp(-t / decay) * -np.expm1(-t * gap)

        return difference(since) / difference(peak_time)


@dataclass(frozen=True, kw_only=True)
class Gaussian(_Smooth):
    """``exp(-(t - peak_time)^2 / (2 width^2))``.

    Args:
        peak_time: In seconds.
        width: Standard deviation in seconds.

    Examples:
        >>> from neuro_mod import Gaussian
        >>> Gaussian(peak_time=1.0, width=0.2)([0.6, 0.8, 1.0]).round(3)
        array([0.135, 0.607, 1.   ])
    """

    peak_time: float
    width: float

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive("width", self.width)

    def _value(self, since: _Array) -> _Array:
        return np.exp(-(((since + self.onset_time - self.peak_time) / self.width) ** 2) / 2)


@dataclass(frozen=True, kw_only=True)
class Sampled(TimeCourse):
    """Given values, each held for a while; the last one to the end of the window.

    Args:
        values: From the onset on, at least one.
        interval: Seconds for which each is held.

    Examples:
        >>> from neuro_mod import Sampled
        >>> Sampled(values=[0.0, 1.0, 0.5], interval=0.1)([0.05, 0.15, 0.25, 5.0])
        array([0. , 1. , 0.5, 0.5])
    """

    values: Sequence[float]
    interval: float

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive("interval", self.interval)
        if np.ndim(self.values) != 1 or not np.size(self.values) or not np.isfinite(self.values).all():
            raise invalid("values", self.values, "a list of one or more finite values")

    def _within(self, since: _Array) -> _Array:
        values = np.asarray(self.values, np.float64)
        places = np.minimum(_whole_intervals(since, self.interval), len(values) - 1)
        return values[places.astype(np.int64)]


#: Time courses by the names that configurations give them.
SHAPES: dict[CourseShape, type[TimeCourse]] = {
    "hat": Hat,
    "ramp": Ramp,
    "sine": Sine,
    "diff2exp": Diff2Exp,
    "gaussian": Gaussian,
    "sampled": Sampled,
}


def _whole_intervals(since: _Array, interval: float) -> _Array:
    return np.floor((since + _SAME_TIME) / interval)
