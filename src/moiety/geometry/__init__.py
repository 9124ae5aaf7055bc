"""Cuts of lattices and of space, their weights, and the area law: pure geometry and algebra."""
