"""Parts of a training with a closed list of names: optimisers, schedules, hidden activations, penalties,
reference models.

Each is one declaration in one file. The config takes its names from here (schema, flags, completion), and the engine
what it does. Torch is imported when a declaration is first used, so that reading names costs nothing.
"""
