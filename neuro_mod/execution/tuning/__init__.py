"""A search for potentiation and external rate at which a network of one's own is metastable."""
