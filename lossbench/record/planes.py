"""Decision regions as numbers on a grid, packed into text."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING

from lossbench.deferred import np
from lossbench.record.part import RecordPart

if TYPE_CHECKING:
    from numpy.typing import NDArray


class PackedPlanes(RecordPart):
    """Numbers of either sign on a grid, in 255 levels, closest around zero: `scale * q |q| / 127^2`, q = -127..127.

    A boundary is where such a number changes its sign, so that is where it must be exact. `levels`: base64 of zlib of
    the differences along each row, modulo 256.
    """

    shape: list[int]
    scale: float
    levels: str

    @classmethod
    def of(cls, values: NDArray[np.floating]) -> PackedPlanes:
        """Pack finite values of any shape."""
        scale = float(np.abs(values).max(initial=0.0))
        share = np.abs(values) / (scale or 1.0)
        q = np.sign(values) * np.rint(127 * np.sqrt(share))
        steps = np.diff(q.astype(np.int8).view(np.uint8), axis=-1, prepend=np.uint8(0))
        levels = base64.b64encode(zlib.compress(steps.tobytes())).decode()
        return cls(shape=list(values.shape), scale=scale, levels=levels)

    def values(self) -> NDArray[np.float32]:
        """The values, to within the levels."""
        steps = np.frombuffer(zlib.decompress(base64.b64decode(self.levels)), np.uint8).reshape(self.shape)
        q = np.cumsum(steps, axis=-1, dtype=np.uint8).view(np.int8).astype(np.float32)
        return self.scale * q * np.abs(q) / np.float32(127**2)
