"""Work on many items that survives what interrupts it: each is saved as it is done, and never done again."""

from neuro_mod.choices import OnError
from neuro_mod.execution.jobs.folder import DurableFolder
from neuro_mod.execution.jobs.job import Execution, Item, Work
from neuro_mod.execution.jobs.outcome import FailedItemsError, Failure, ItemsInterrupted, Report
from neuro_mod.execution.jobs.run import run

__all__ = [
    "DurableFolder",
    "Execution",
    "FailedItemsError",
    "Failure",
    "Item",
    "ItemsInterrupted",
    "OnError",
    "Report",
    "Work",
    "run",
]
