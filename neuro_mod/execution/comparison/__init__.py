"""The mean field and simulations of one configuration, side by side."""
