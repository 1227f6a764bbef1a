"""Probes of a loss: what it does at outputs that training can reach, measured without data."""
