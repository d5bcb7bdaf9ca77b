"""Figures of results; arrays and tables in, Matplotlib figures out.

Every function draws a new figure, which shows itself in a notebook, or draws in given axes (``ax=``).
"""

from neuro_mod.lazy import lazy_names

#: Functions that draw, by the module in which they are defined.
_PUBLIC = {
    "neuro_mod.plotting.style": ("in_style",),
    "neuro_mod.plotting.network.raster": ("raster",),
    "neuro_mod.plotting.network.cluster_rates": ("cluster_rate_map",),
    "neuro_mod.plotting.network.voltage_trace": ("voltage_trace",),
    "neuro_mod.plotting.network.perturbations": ("perturbation_map", "effective_parameters"),
    "neuro_mod.plotting.network.paired_runs": ("paired_runs", "difference_traces"),
    "neuro_mod.plotting.network.rate_histogram": ("rate_histogram",),
    "neuro_mod.plotting.network.theories": ("theory_comparison",),
    "neuro_mod.plotting.analysis.state_raster": ("state_raster", "state_rasters"),
    "neuro_mod.plotting.analysis.detected_rates": ("detected_rates",),
    "neuro_mod.plotting.analysis.active_clusters": ("active_clusters",),
    "neuro_mod.plotting.analysis.occupancy": ("occupancy",),
    "neuro_mod.plotting.analysis.survival": ("survival_curves",),
    "neuro_mod.plotting.analysis.new_states": ("new_states",),
    "neuro_mod.plotting.analysis.transition_graph": ("transition_graph",),
    "neuro_mod.plotting.analysis.transition_matrix": ("transition_map",),
    "neuro_mod.plotting.analysis.around_switches": ("around_switches",),
    "neuro_mod.plotting.analysis.assemblies": ("assembly_figure",),
    "neuro_mod.plotting.analysis.group_values": ("group_values",),
    "neuro_mod.plotting.analysis.event_rates": ("event_rates",),
    "neuro_mod.plotting.analysis.fano_in_time": ("fano_in_time",),
    "neuro_mod.plotting.analysis.decoding": ("accuracy_in_time", "accuracy_by"),
    "neuro_mod.plotting.mean_field.fixed_points": ("fixed_point_map",),
    "neuro_mod.plotting.mean_field.phase_plane": ("phase_plane",),
    "neuro_mod.plotting.mean_field.potential": ("potential_profile",),
    "neuro_mod.plotting.mean_field.sections": ("landscape_sections",),
    "neuro_mod.plotting.mean_field.bifurcation": ("bifurcation_diagram",),
    "neuro_mod.plotting.mean_field.sensitivities": ("sensitivity_maps",),
    "neuro_mod.plotting.mean_field.tuning": ("tuning_map",),
    "neuro_mod.plotting.mean_field.spectra": ("population_spectra",),
    "neuro_mod.plotting.sweep.sweep_figure": ("sweep_figure",),
    "neuro_mod.plotting.control.responses": ("response_map", "step_response"),
    "neuro_mod.plotting.control.design": (
        "design_vectors",
        "design_progress",
        "design_verification",
        "design_leakage",
    ),
    "neuro_mod.plotting.control.capacity": ("margins_by_modes", "changes_by_margin"),
}
_names, __getattr__ = lazy_names(__name__, _PUBLIC)

__all__ = [*_names]  # noqa: PLE0604  # pyright: ignore[reportUnsupportedDunderAll]


def __dir__() -> list[str]:
    return __all__
