"""Fig. 8: Fano factors over trials before a stimulus (A), at their least after it (B), and their difference (C).

They are of neurons in clusters; those before the stimulus also of all E neurons.
"""

from panels import FOLDER, LEVEL, STIMULUS, curve, draw

from neuro_mod import sweep_runs

ALL_E = range(1600)
before, of_all, after, quenching = [], [], [], []
for level, runs in sweep_runs(FOLDER / "stimuli_clustered").by(LEVEL):
    epochs = runs.epochs(STIMULUS, before=0.1, after=1.0)
    factors = epochs.fano(window_ms=100, step_ms=20).set_index("time")["fano"]
    least = factors[0.05:].idxmin()
    found = epochs.quenching(100, spontaneous=(-0.1, 0.0), evoked=(least - 0.05, least + 0.05))
    before.append((level, found.before, found.before_standard_error))
    of_all.append((level, *epochs.quenching(100, spontaneous=(-0.1, 0.0), evoked=(0.0, 0.1), neurons=ALL_E)[0::4]))
    after.append((level, found.after, found.after_standard_error))
    quenching.append((level, found.difference, found.standard_error))

spontaneous = {"in clusters": curve(before), "all E": curve(of_all)}
draw(
    "fig8",
    {
        "A  before the stimulus": ("arousal level", "Fano factor", spontaneous),
        "B  least after the onset": ("arousal level", "Fano factor", {"": curve(after)}),
        "C  quenching": ("arousal level", "difference", {"": curve(quenching)}),
    },
)
