"""Jobs: many items, each saved as soon as it is finished, so that an interrupted job can be resumed."""

from neuro_mod.choices import OnError
from neuro_mod.execution.jobs.folder import JobFolder
from neuro_mod.execution.jobs.job import Execution, Item, Job
from neuro_mod.execution.jobs.loop import compute_in_memory
from neuro_mod.execution.jobs.outcome import Failure, Outcome
from neuro_mod.execution.jobs.run import run

__all__ = [
    "Execution",
    "Failure",
    "Item",
    "Job",
    "JobFolder",
    "OnError",
    "Outcome",
    "compute_in_memory",
    "run",
]
