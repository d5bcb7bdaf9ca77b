"""Statistics of single neurons and pairs of them."""
