"""The mean-field theory of clustered networks: population rates."""
