"""The configs of the three experiments, one module a command."""
