"""Whether a study would work on a computing cluster, tried with one batch job."""

from neuro_mod.execution.cluster_check.check import Report, try_cluster
from neuro_mod.execution.cluster_check.findings import Finding

__all__ = ["Finding", "Report", "try_cluster"]
