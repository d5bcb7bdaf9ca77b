"""Columns of the table of a sweep, other than those of parameters and measures."""

#: Number of the point, and name of its condition.
POINT, CONDITION = "point", "condition"
#: Number of the direction, if directions are an axis of the sweep.
DIRECTION = "direction"
#: Which run at a point a row is of: a repeat, or a trial of a network.
REPEAT, NETWORK, TRIAL = "repeat", "network", "trial"
#: Seed of the network, where this has one of its own, and seed of the noise.
NETWORK_SEED, SEED = "network_seed", "seed"
#: File of the spikes, if they are kept; it stands after the parameters.
SPIKES = "spikes"
#: File of the arrays of the mean field, if there are measures of it.
MEAN_FIELD = "mean_field"
#: Why a run has no results; the last column.
ERROR = "error"
#: All that tell the runs of one point apart.
OF_RUNS = (POINT, REPEAT, NETWORK, TRIAL, NETWORK_SEED, SEED, SPIKES, MEAN_FIELD, ERROR)
