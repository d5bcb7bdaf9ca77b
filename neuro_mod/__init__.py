"""Clustered spiking networks, their mean field, and vectorial neuromodulation.

Everything that README and documentation use is imported from here. Names are loaded on first use, so that importing the
package costs nothing.
"""

from importlib.util import find_spec

from neuro_mod.lazy import lazy_names

__version__ = "0.1.0"

#: Public names by the module in which they are defined.
_PUBLIC = {
    "neuro_mod.config": ("Cluster", "Experiment", "load_cluster", "load_experiment"),
    "neuro_mod.errors": (
        *("NeuroModError", "InputError", "ConfigError", "DataError", "MissingFileError", "StorageError"),
        *(
            "NumericalError",
            "ClusterLostError",
            "NoWorkersError",
            "FailedItemsError",
            "MissingItemsError",
            "Interrupted",
        ),
    ),
    # one run, and many
    "neuro_mod.execution.stagers": (
        *("StageSNNSimulation", "FullMeanFieldStager", "ReducedMeanFieldStager", "BifurcationStager"),
        *("SensitivityStager", "SpectrumStager"),
    ),
    "neuro_mod.execution.stagers.saved_state": ("load_state", "save_state"),
    "neuro_mod.execution": ("Repeater",),
    "neuro_mod.execution.gathering": ("gather",),
    "neuro_mod.execution.control.design.problem": ("DesignOptions",),
    "neuro_mod.execution.control.design.run": ("run_design",),
    "neuro_mod.execution.pairs.rates": ("run_pairs",),
    "neuro_mod.execution.comparison.rates": ("compare",),
    "neuro_mod.execution.control.response.responses": ("Responses",),
    "neuro_mod.execution.control.response.observing": ("Observing",),
    "neuro_mod.execution.control.response.sessions": ("ObservedSession",),
    "neuro_mod.execution.sweep.from_file": ("run_sweep",),
    "neuro_mod.execution.sweep_runs": ("sweep_runs",),
    "neuro_mod.execution.sweep.spiking_net": ("SNNBaseSweepRunner",),
    "neuro_mod.execution.sweep.mean_field": ("FullMeanFieldBaseSweepRunner", "ReducedMeanFieldSweepRunner"),
    "neuro_mod.execution.progress": ("progress_shown",),
    # the spiking network
    "neuro_mod.core.spiking_net.network": ("SpikingNetwork",),
    "neuro_mod.core.spiking_net.engine.trial": ("Trial", "Recording"),
    "neuro_mod.core.spiking_net.engine.simulate": ("simulate",),
    "neuro_mod.core.spiking_net.engine.batch": ("simulate_batch", "simulate_pair"),
    "neuro_mod.core.spiking_net.engine.stepper": ("Stepper",),
    "neuro_mod.core.spiking_net.engine.state": ("State",),
    "neuro_mod.core.spiking_net.external.injected": ("InjectedSpikes",),
    "neuro_mod.core.spiking_net.lif_net": ("LIFNet",),
    "neuro_mod.explorer.journal": ("Journal", "load_journal"),
    # its spikes
    "neuro_mod.recordings.spikes": ("SpikeEvents",),
    "neuro_mod.recordings.saved": ("load_spikes",),
    "neuro_mod.recordings.neo_objects": ("from_neo", "to_neo"),
    "neuro_mod.recordings.pynapple_objects": ("to_pynapple",),
    "neuro_mod.execution.labelled": ("to_xarray",),
    "neuro_mod.recordings.nwb": ("read_nwb", "to_nwb", "write_nwb"),
    "neuro_mod.core.spiking_net.analysis.analyzer": ("Analyzer",),
    "neuro_mod.core.spiking_net.analysis.states.quantities": ("QUANTITIES",),
    "neuro_mod.core.spiking_net.analysis.states.state_statistics": ("shared_states",),
    "neuro_mod.core.spiking_net.analysis.assemblies.assemblies": ("Assemblies",),
    # the mean field
    "neuro_mod.core.mean_field.core": (
        "LIFMeanField",
        "LinearResponse",
        "Sensitivity",
        "fixed_points",
        "stable_states_of",
        "transfer",
    ),
    # which perturbation does it
    "neuro_mod.core.control.vocabulary": ("Vocabulary",),
    "neuro_mod.core.control.covering": ("covering_vocabulary",),
    "neuro_mod.core.control.capacity": ("capacity",),
    # what acts on both
    "neuro_mod.core.course": ("Course",),
    "neuro_mod.core.modulation": ("modulated_circuit",),
    "neuro_mod.core.perturbations": (
        *("VectorialPerturbation", "CirculantPerturbation", "TimedPerturbation"),
        *("Diff2Exp", "Gaussian", "Hat", "Ramp", "Sampled", "Sine"),
    ),
}
_names, __getattr__ = lazy_names(__name__, _PUBLIC)

#: Libraries of extras that public names need; without them these are left out of ``from neuro_mod import *``.
_NEEDS = {"LIFNet": "torch"}

__all__ = ["__version__", *(name for name in _names if name not in _NEEDS or find_spec(_NEEDS[name]))]  # noqa: PLE0604  # pyright: ignore[reportUnsupportedDunderAll]


def __dir__() -> list[str]:
    return __all__
