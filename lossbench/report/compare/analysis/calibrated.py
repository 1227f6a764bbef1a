"""Whether what a comparison of probabilities found depends on the temperature: the same differences on raw ones."""

from __future__ import annotations

import numpy as np

from lossbench.record.comparison import Row
from lossbench.report.compare.analysis.scores import Entry, SettingScores
from lossbench.report.compare.analysis.statistics import Floats, corrected_t

RAW = "raw_"


def temperature_notes(setting: SettingScores, rows: list[Row]) -> list[str]:
    """A sentence for every loss that is better or worse after the temperature, and not so before it.

    Only losses that estimate probabilities, as the baseline must, have raw scores.
    """
    base = _raw(setting, setting.baseline)
    entries = {entry.name: entry for entry in setting.entries}
    sentences = []
    for row in rows:
        raw = _raw(setting, entries[row.name]) if row.word in {"better", "worse"} else None
        if base is None or raw is None:
            continue
        by = corrected_t(setting.sign * (raw - base), setting.test_over_train, grain=setting.grain)
        before = "not distinguishable" if not by.low * by.high > 0 else "better" if by.mean > 0 else "worse"
        if before != row.word:
            against = f"{row.name} is {row.word} than {setting.baseline.name}"
            sentences.append(
                f"{against} after the common temperature and {before} by its raw probabilities"
                f" (difference {setting.sign * by.mean:+.3g}): this finding depends on the calibration."
            )
    return sentences


def _raw(setting: SettingScores, entry: Entry) -> Floats | None:
    """Raw scores on the common splits; None where a net has none."""
    found = {tuple(sorted(m.split.items())): m.test.get(f"{RAW}{setting.metric}") for m in entry.refits}
    values = [found.get(split) for split in setting.splits]
    return None if not values or None in values else np.array(values, dtype=float)
