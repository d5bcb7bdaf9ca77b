"""Who is connected to whom, and how strongly."""
