"""How numbers and lists are written in every sentence and table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any


def decimals_of(scale: float) -> int:
    """Decimals that show a difference of this size with two digits: 0.01 -> 3, 0.3 -> 2, 20 -> 0."""
    return max(0, 1 - math.floor(math.log10(scale))) if scale > 0 else 3


def number(value: float | None, decimals: int = 3, *, sign: bool = False) -> str:
    """`0.805`, `+0.014`; a dash where there is none; never `-0.000`."""
    if value is None:
        return "–"
    text = f"{value:{'+' if sign else ''}.{decimals}f}"
    return text.replace("-", "+" if sign else "") if not any(c in "123456789" for c in text) else text.replace("-", "−")


def parameters(params: Mapping[str, Any]) -> str:
    """`gamma=0.5`: parameters as they are written behind a loss's name."""
    return ", ".join(f"{k}={v:g}" if isinstance(v, float) else f"{k}={v}" for k, v in params.items())


def interval(low: float | None, high: float | None, decimals: int = 3, *, sign: bool = False) -> str:
    """`[0.784, 0.826]`; a dash where there is none."""
    if low is None or high is None:
        return "–"
    return f"[{number(low, decimals, sign=sign)}, {number(high, decimals, sign=sign)}]"


def p_value(p: float | None) -> str:
    """`0.032`, `< 0.001`."""
    return "–" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def probability(p: float | None) -> str:
    """`0.97`; never a 0 or a 1 that was only rounded to it."""
    if p is None:
        return "–"
    return "> 0.99" if p > 0.995 else "< 0.01" if p < 0.005 else f"{p:.2f}"


def learning_rate(lr: float | None) -> str:
    """`3e-4`."""
    if lr is None:
        return "–"
    mantissa, _, exponent = f"{lr:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def listed(items: Sequence[str], most: int = 3) -> str:
    """`a`, `a and b`, `a, b, c and 4 more`."""
    shown = list(items[:most])
    if len(items) > most:
        return f"{', '.join(shown)} and {len(items) - most} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def among(names: Sequence[str], total: int) -> str:
    """`mse is`, `3 of 5 are`, `all 4 are`: the one by its name, several by their number."""
    if len(names) == 1:
        return f"{names[0]} is"
    return f"{f'all {total}' if len(names) == total else f'{len(names)} of {total}'} are"


def share_failed(failed: int, splits: int) -> str:
    """`diverged on 13 of 25 splits`."""
    return f"diverged on {failed} of {splits} splits" if failed < splits else "diverged on every split"


def none_among(names: Sequence[str], total: int) -> str:
    """`mse is not`, `3 of 5 are not`, `none of the 4 is`: before an adjective."""
    return f"none of the {total} is" if 1 < len(names) == total else f"{among(names, total)} not"


def probed(probes: int, reach: float) -> str:
    """` on 1,063 probes up to |z| = 1e4`: how far gradients were compared; "" where that was not recorded."""
    return f" on {probes:,} probes up to |z| = {reach:.0e}".replace("e+0", "e") if probes else ""
