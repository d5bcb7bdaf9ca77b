"""The network of a configuration, turned by hand while it runs."""
