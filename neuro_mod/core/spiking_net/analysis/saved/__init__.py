"""Saved analyses: writing them, and validated reading."""
