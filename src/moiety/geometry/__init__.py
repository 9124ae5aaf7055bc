"""Cuts of lattices and of space, their weights, and the area law: no samples, no torch."""
