"""Work on many items that survives what interrupts it: each is saved as it is done, and never done again."""

from neuro_mod.choices import OnError
from neuro_mod.execution.durable.folder import DurableFolder
from neuro_mod.execution.durable.report import FailedItemsError, Failure, ItemsInterrupted, Report
from neuro_mod.execution.durable.run import run
from neuro_mod.execution.durable.work import Execution, Item, Work

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
