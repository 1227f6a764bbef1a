"""Results of the literature about losses, measured again by small comparisons: `make known-results`."""
