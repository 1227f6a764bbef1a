"""Streams of random numbers: one for each seed and purpose, so that no draw depends on what was drawn before it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from lossbench.deferred import np, torch

if TYPE_CHECKING:
    from numpy.random import Generator, SeedSequence


def seed_sequence(seed: int, *purpose: str | int) -> SeedSequence:
    """The entropy of one purpose: the seed, and 128 bits of the SHA-256 of the purpose."""
    digest = hashlib.sha256(repr(purpose).encode()).digest()
    return np.random.SeedSequence([seed, *(int.from_bytes(digest[i : i + 4], "little") for i in (0, 4, 8, 12))])


def generator(seed: int, *purpose: str | int) -> Generator:
    """A generator of its own for one purpose, e.g. `generator(0, "holdout", "test")`."""
    return np.random.default_rng(seed_sequence(seed, *purpose))


def torch_generator(seed: int, *purpose: str | int) -> torch.Generator:
    """The same of torch's generators, seeded with 63 bits."""
    return torch.Generator().manual_seed(int(seed_sequence(seed, *purpose).generate_state(1, np.uint64)[0] >> 1))
