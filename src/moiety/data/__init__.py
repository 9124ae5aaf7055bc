"""Samples of lattices, frames of particles, and statistics of chains."""
