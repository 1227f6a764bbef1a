"""The version of lossbench, apart from everything else so that anyone may ask for it."""

__version__ = "0.1.0"
