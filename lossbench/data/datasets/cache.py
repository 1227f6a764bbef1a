"""Where downloaded tables are kept: `$LOSSBENCH_CACHE`, else `$XDG_CACHE_HOME/lossbench`, else `~/.cache/lossbench`."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def cache_folder(kind: str) -> Path:
    """The folder of one kind of downloads (`openml`, `tables`); it need not exist yet."""
    own = os.environ.get("LOSSBENCH_CACHE")
    if own:
        return Path(own) / kind
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lossbench" / kind


def sha256_of(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file of the cache whole or not at all, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_bytes(content)
    os.replace(aside, path)
