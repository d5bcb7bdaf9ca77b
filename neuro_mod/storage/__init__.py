"""Files: what they are called, how they get there whole or not at all, how they are read without being trusted."""
