"""Samples of lattices, frames of particles, and the statistics of chains of them."""
