"""Bytes to columns: every file format, every encoding, and what was repaired on the way."""
