"""``neuro-mod mean-field``."""
