"""Named alternatives, for configurations, functions and the command line alike."""

from __future__ import annotations

from typing import Literal

InDegree = Literal["fixed", "binomial"]
Heterogeneity = Literal["quenched", "per_step", "none"]
Mechanism = Literal["analytic", "euler"]
InitialVoltage = Literal["zero", "uniform"]
StimulusShape = Literal["box", "linear", "diff2exp"]
CourseShape = Literal["hat", "ramp", "sine", "diff2exp", "gaussian", "sampled"]
#: Sum of magnitudes, Euclidean length, or largest magnitude.
VectorNorm = Literal["l1", "l2", "linf"]
Precision = Literal["float32", "float64"]
Kernel = Literal["gaussian", "box", "exponential", "half_normal"]
DetectionMethod = Literal["gain", "network_gain", "threshold", "two_state"]
NeverLeft = Literal["nan", "zero"]
Criterion = Literal["bic", "cross_validation"]
UnitKind = Literal["clusters", "neurons"]
#: What becomes of an epoch that reaches beyond its session.
OnEdge = Literal["error", "drop"]
MeasureName = Literal["rates", "n_states", "lifetimes", "occupancy", "activations", "intervals", "entropy"]
#: Measures for which nothing is simulated.
MeanFieldMeasure = Literal["fixed_points", "eigenvalues", "barriers", "sensitivities"]
LifespanEstimator = Literal["mean", "kaplan_meier"]
#: Files of figures, and how large these are.
FigureFormat = Literal["png", "pdf", "svg"]
StyleName = Literal["paper", "talk"]
#: Files of spikes: the array of all steps and neurons, or the step and neuron of each spike.
SpikeFormat = Literal["dense", "events"]
OnError = Literal["continue", "stop"]
#: What starts batch jobs on a computing cluster.
BatchSystem = Literal["slurm", "pbs", "lsf", "sge", "htcondor"]

#: What a shift is added to: the external rate of a population, or the further rate that arousal adds, times z.
ScoreTarget = Literal["rate", "arousal_rate"]

#: Whether the points of a sweep have the same noise in a repeat.
Noise = Literal["common", "independent"]
#: States with which each state of a vocabulary is compared.
Competitors = Literal["vocabulary", "all"]
#: Whose measured responses stand for states: their own, or the sums of those of their active clusters.
ResponseOf = Literal["states", "clusters"]
#: What a design raises: time in a state, in its clusters whatever the others do, its lifetime, or switching on.
GoalKind = Literal["probability", "occupancy", "duration", "switching"]
#: How a neuron responds to noise: first order in ``sqrt(tau_s/tau_m)`` (shifted integration limits), or exact.
ResponseKind = Literal["shifted", "exact"]
#: Statistics of the spike trains that neurons receive from each other.
Closure = Literal["poisson", "renewal"]
#: Parameters that can be designed.
DesignTarget = Literal["rate", "arousal_level"]
