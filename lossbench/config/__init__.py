"""The schema of config files and how they are read: types and bounds only, without torch or data.

A key is one field: its type, bounds, default, description and `Flag`. The YAML, `--set`, the flag with its help and
completion, and the JSON schema follow from it.

Names of losses, activations, metrics and data sets are text here; whether they exist is known where they are resolved.
"""
