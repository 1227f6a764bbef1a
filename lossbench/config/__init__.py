"""What a config file may say, and how it is read: shapes and bounds only, so that reading one costs nothing.

A key is one field: its type, bounds, default, description and `Flag`. The YAML, `--set`, the flag with its help and
completion, and the JSON schema follow from it.

Names of losses, activations, metrics and data sets are text here; whether they exist is known where they are resolved.
"""
