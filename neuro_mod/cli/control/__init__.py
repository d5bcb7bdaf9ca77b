"""``neuro-mod control``: responses, designs, capacities."""
