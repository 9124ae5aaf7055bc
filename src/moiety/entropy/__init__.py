"""The entropy of a lattice or of particles: counted blocks, the climb up the ladder, budget, checks."""
