"""Listeners: each shows the events of a run, on a terminal, in a log, as JSON lines. A listener never answers."""
