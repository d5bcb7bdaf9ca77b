"""What the steady states of a mean field do as it changes."""
