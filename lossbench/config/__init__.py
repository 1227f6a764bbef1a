"""What a config file may say, and how it is read: shapes and bounds only, so that reading one costs nothing.

Names of losses, activations, metrics and data sets are text here; whether they exist is known where they are resolved.
"""
