"""Decision regions as numbers on a grid, packed into text."""

from __future__ import annotations

import base64
import math
import zlib
from typing import TYPE_CHECKING, Annotated, Self, cast

from pydantic import Field, model_validator

from lossbench.deferred import np
from lossbench.record.part import LARGEST, RecordPart

if TYPE_CHECKING:
    from numpy.typing import NDArray

Size = Annotated[int, Field(ge=1, le=4096)]


class PackedPlanes(RecordPart):
    """Numbers of either sign on a grid, in 255 levels, closest around zero: `scale * q |q| / 127^2`, q = -127..127.

    A boundary is where such a number changes its sign, so that is where it must be exact. `levels`: base64 of zlib of
    the differences along each row, modulo 256.
    """

    shape: tuple[Size, Size, Size]
    scale: Annotated[float, Field(ge=0, le=LARGEST)]
    levels: str

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        """Refuse text that unpacks to anything else than `shape`, and unpack no more of it than that."""
        size = math.prod(self.shape)
        try:
            unpacking = zlib.decompressobj()
            unpacked = unpacking.decompress(base64.b64decode(self.levels, validate=True), size + 1)
        except (zlib.error, ValueError):
            raise ValueError("levels must be base64 of zlib") from None
        if len(unpacked) != size or not unpacking.eof:
            raise ValueError(f"levels must be {size} numbers")
        return self

    @classmethod
    def of(cls, values: NDArray[np.floating]) -> PackedPlanes:
        """Pack finite values [C, G, G]."""
        scale = float(np.abs(values).max(initial=0.0))
        share = np.abs(values) / (scale or 1.0)
        q = np.sign(values) * np.rint(127 * np.sqrt(share))
        steps = np.diff(q.astype(np.int8).view(np.uint8), axis=-1, prepend=np.uint8(0))
        levels = base64.b64encode(zlib.compress(steps.tobytes())).decode()
        return cls(shape=cast("tuple[int, int, int]", values.shape), scale=scale, levels=levels)

    def values(self) -> NDArray[np.float32]:
        """The values, to within the levels."""
        steps = np.frombuffer(zlib.decompress(base64.b64decode(self.levels)), np.uint8).reshape(self.shape)
        q = np.cumsum(steps, axis=-1, dtype=np.uint8).view(np.int8).astype(np.float32)
        return self.scale * q * np.abs(q) / np.float32(127**2)
