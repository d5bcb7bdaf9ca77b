"""From a configuration to results on disk."""
