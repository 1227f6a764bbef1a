"""Consumers of events: what a run says, on a terminal, in a log, as JSON lines. A sink never answers."""
