"""The files and the terminal table of a training run."""
