"""The excess entropy of particles as a sum over insertions in a random order, from one network."""
