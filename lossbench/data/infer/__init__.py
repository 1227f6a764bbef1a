"""Infers what a column is: its kind, the target, identifiers and leakage, ambiguous values."""
