"""
Design of a perturbation
========================

Share of time in the goal, the state in which cluster 0 alone is active, over the iterations of a search for the best
perturbation.

Dashed lines are verified in new trials: the design, and other directions of the same norm. The search has few trials
here, for speed, so that its errors are as large as its gains; the defaults of ``DesignOptions`` are larger.
"""

from neuro_mod import DesignOptions, run_design

options = DesignOptions(
    make="E0",
    norm="l2",
    budget=0.1,
    iterations=4,
    iteration_trials=16,
    iteration_duration=5,
    verify_trials=12,
    verify_duration=5,
)
design = run_design("small", options, "simulations/design")
climb = design.plot("design_progress")

# %%
# The vector
# ----------
#
# Changes of the external rate of each population by the design, and by the other directions of the same norm.

vector = design.plot("design_vector")

# %%
# Its verification
# ----------------
#
# Share of time in the goal under the design and under the other directions, with standard errors, and what was
# predicted.

verified = design.plot("design_verified")

# %%
# What else gains
# ---------------
#
# Share of time in states that share all, some or none of their clusters with the goal, at multiples of the design.

leakage = design.plot("design_leakage")
