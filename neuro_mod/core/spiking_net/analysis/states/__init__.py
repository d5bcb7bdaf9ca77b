"""States: their visits, lifetimes and transitions."""
