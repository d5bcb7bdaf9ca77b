"""The compiled time loop."""
