"""Population rates: the mean-field theory of clustered networks."""
