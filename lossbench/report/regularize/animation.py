"""Frames into one animated file: gif, webp, apng or mp4.

All frames of a GIF share one palette, without dithering: a colour is the same in every frame, so nothing flickers. One
of its places means "as in the frame before", so that what does not change costs next to no bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from lossbench.errors import UserError
from lossbench.events import Emit, Phase, ignore
from lossbench.record import written_aside
from lossbench.report.regularize.style import NAMED, Pixels

COLOURS = 127  # and the place for "as before": a palette has a power of two of them
EXACT = 96  # so many colours are kept as they are: those of the style, then the commonest (shades of the regions)
SAMPLES = 6  # frames that the palette is made from
_UNSEEN = 255  # no place in the palette
HOLD = 2.0  # seconds that the last frame stays longer

SUFFIX = {"gif": ".gif", "webp": ".webp", "apng": ".apng", "mp4": ".mp4"}


def check_format(name: str) -> None:
    """Whether this machine can write the format; a `UserError` with what is missing."""
    if name not in SUFFIX:
        raise UserError(f"unknown format {name!r}", where="format", fix=f"known are {', '.join(SUFFIX)}")
    if name == "webp" and not features.check("webp"):
        raise UserError("this Pillow cannot write webp", where="format", fix="use gif")
    if name == "mp4":
        try:
            import imageio_ffmpeg  # type: ignore[import-not-found]  # noqa: F401
        except ImportError:
            raise UserError("mp4 needs ffmpeg", where="format", fix="pip install imageio-ffmpeg, or use gif") from None


def durations(count: int, fps: float) -> list[int]:
    """Milliseconds of each frame, whole hundredths of a second as GIF has them; the last one is held."""
    each = max(2, round(100 / fps)) * 10
    return [each] * (count - 1) + [each + round(1000 * HOLD)]


def write_animation(
    frame: Callable[[int], Pixels], count: int, path: Path, name: str, fps: float, emit: Emit = ignore
) -> None:
    """Write `count` frames, drawn one at a time; emits how many are done."""
    if name == "mp4":
        _write_mp4(frame, count, path, fps, emit)
        return
    images = []
    if name == "gif":
        samples = {i: frame(i) for i in sorted(set(np.linspace(0, count - 1, SAMPLES).astype(int).tolist()))}
        palette = Palette(list(samples.values()))
        for i in range(count):
            images.append(palette.image(samples.pop(i) if i in samples else frame(i)))
            emit(Phase("frames", i + 1, count))
    else:
        for i in range(count):
            images.append(Image.fromarray(frame(i)).convert("RGB"))
            emit(Phase("frames", i + 1, count))
    options: dict[str, Any] = {"webp": {"lossless": True}, "apng": {}}.get(name, {})
    if name == "gif":
        options = {"palette": palette.table, "transparency": COLOURS, "optimize": True}
    kind = {"gif": "GIF", "webp": "WEBP", "apng": "PNG"}[name]
    with written_aside(path) as file:
        images[0].save(
            file, kind, save_all=True, append_images=images[1:], duration=durations(count, fps), loop=0, **options
        )


class Palette:
    """One palette for all frames: the style's and their commonest colours as they are, the others by median cut."""

    def __init__(self, frames: Sequence[Pixels]) -> None:
        codes, counts = np.unique(np.concatenate([_codes(frame).ravel() for frame in frames]), return_counts=True)
        style = np.isin(codes, [_code(*colour) for colour in NAMED])
        order = np.lexsort((codes, -counts, ~style))
        kept, rare = codes[order[:EXACT]], codes[order[EXACT:]]
        if len(rare):
            # Each rare colour as often as it occurs, up to a bound: a few letters get shades of their own, too.
            often = np.minimum(counts[order[EXACT:]], 64)
            cloud = Image.fromarray(_colours(np.repeat(rare, often))[None])
            cut = cloud.quantize(COLOURS - EXACT, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
            made = {_code(*entry) for entry in np.array(cut.getpalette()).reshape(-1, 3).tolist()}
            kept = np.concatenate([kept, np.setdiff1d(np.array(sorted(made), np.uint32), kept)])[:COLOURS]
        # Places that are left over get colours that nothing has: Pillow wants all of them different.
        free = np.setdiff1d(np.arange(2 * COLOURS, dtype=np.uint32), kept)
        every = _colours(np.concatenate([kept, free])[: COLOURS + 1])
        self.colours, self.table = every[:COLOURS], every.tobytes()
        # The nearest colour's place for each of 2^24 colours, found when a colour is first seen.
        self._index = np.full(1 << 24, _UNSEEN, np.uint8)

    def image(self, frame: Pixels) -> Image.Image:
        """The frame in these colours, each pixel in the nearest one."""
        codes = _codes(frame)
        places = self._index[codes]
        new = np.unique(codes[places == _UNSEEN])
        if len(new):
            away = _colours(new)[:, None].astype(np.int32) - self.colours[None].astype(np.int32)
            self._index[new] = np.square(away).sum(2).argmin(1)
            places = self._index[codes]
        image = Image.fromarray(places)
        image.putpalette(self.table)
        return image


def _codes(pixels: Pixels) -> NDArray[np.uint32]:
    """Each pixel's colour as a number: red + 256 green + 256^2 blue."""
    code: NDArray[np.uint32] = pixels.view("<u4")[..., 0] & np.uint32(0xFFFFFF)
    return code


def _colours(codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Red, green and blue of such numbers, [..., 3]."""
    return np.stack([codes & 255, codes >> 8 & 255, codes >> 16], -1).astype(np.uint8)


def _code(red: int, green: int, blue: int) -> int:
    return red + 256 * green + 65536 * blue


def _write_mp4(frame: Callable[[int], Pixels], count: int, path: Path, fps: float, emit: Emit) -> None:
    import imageio.v2 as imageio

    writer: Any

    aside = path.with_name(f".{path.name}.partial.mp4")
    try:
        with imageio.get_writer(aside, fps=fps, macro_block_size=2) as writer:
            for i in range(count):
                picture = frame(i)[..., :3]
                for _ in range(1 + (round(HOLD * fps) if i == count - 1 else 0)):
                    writer.append_data(picture)
                emit(Phase("frames", i + 1, count))
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
