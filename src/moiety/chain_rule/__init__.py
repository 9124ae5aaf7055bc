"""The entropy as a sum of conditional site entropies, from one network."""
