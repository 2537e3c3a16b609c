"""Background work: the seam to the durable job engine."""
