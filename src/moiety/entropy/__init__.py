"""The entropy of lattices and of particles: counted blocks, climb, budget, cross-check, checks."""
