"""What moves the systems: the sampling driver and the compiled kernels."""
