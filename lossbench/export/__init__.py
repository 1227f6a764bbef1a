"""A finished run in the formats of others: tables for papers and notebooks, trackers of experiments, saved models.

A layer of its own, above experiments and reports: a saved model needs a trained net (and torch), a table of a paper
what reports know, and neither of those layers may know the other.
"""
