"""What is measured of a comparison: scores of its nets, the cross-loss matrix, reference models, and their records."""
