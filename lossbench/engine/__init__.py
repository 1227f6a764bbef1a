"""The population engine: many small nets of one shape trained at once, by the only training loop there is.

It is blind to names, files, configs and screens: it takes tensors and callables (`problem`) and reports events
(`train`).
"""
