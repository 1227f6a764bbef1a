"""What a name of data begins with, where it is not a data set's own: a set of OpenML, or a suite of sets."""

from __future__ import annotations

OPENML = "openml:"
SUITE = "suite:"
OPENML_SUITE = "openml-suite:"


def is_suite(name: str) -> bool:
    """Whether it stands for several tables."""
    return name.startswith((SUITE, OPENML_SUITE))
