"""The population engine: trains many small nets of one shape at once.

It is blind to names, files, configs and screens: it takes tensors and callables (`problem`) and reports events
(`train`).
"""
