"""A network that one turns the knobs of while it runs: ``neuro-mod explore``, and `StageSNNSimulation.explore`."""
