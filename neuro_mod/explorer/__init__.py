"""The page on which a person turns the knobs of a network while it runs."""
