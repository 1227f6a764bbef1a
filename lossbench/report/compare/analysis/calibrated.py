"""Whether what a comparison of probabilities found depends on the temperature: the same tests on raw probabilities."""

from __future__ import annotations

import numpy as np

from lossbench.record.comparison import ComparisonRow
from lossbench.report.compare.analysis.scores import LossScores, SettingScores
from lossbench.report.compare.analysis.statistics.paired import Floats
from lossbench.report.compare.analysis.statistics.simultaneous import max_t

RAW = "raw_"


def temperature_notes(setting: SettingScores, rows: list[ComparisonRow], alpha: float) -> list[str]:
    """A sentence for every loss that is better or worse after the temperature, and not so before it.

    Only losses that estimate probabilities, as the baseline must, have raw scores; they are tested together.
    """
    raw = {entry.name: score_J for entry in setting.entries if (score_J := _raw(setting, entry)) is not None}
    base_J = raw.pop(setting.baseline.name, None)
    words = {row.name: row.word for row in rows if row.word in {"better", "worse"} and row.name in raw}
    if base_J is None or not words:
        return []
    difference_JK = np.stack(list(raw.values()), axis=1) - base_J[:, None]
    of = max_t(difference_JK, setting.test_over_train, alpha=alpha, grain=setting.grain)
    sentences = []
    for name, mean, p in zip(raw, of.mean_K, of.p_K, strict=True):
        before = "not distinguishable" if not p < alpha else "better" if setting.sign * mean > 0 else "worse"
        if name in words and before != words[name]:
            sentences.append(
                f"{name} is {words[name]} than {setting.baseline.name} after the common temperature and {before} by its"
                f" raw probabilities (difference {mean:+.3g}): this finding depends on the calibration."
            )
    return sentences


def _raw(setting: SettingScores, entry: LossScores) -> Floats | None:
    """Raw scores on the common splits; None where a net has none."""
    found = {tuple(sorted(m.split.items())): m.test.get(f"{RAW}{setting.metric}") for m in entry.refits}
    values = [found.get(split) for split in setting.splits]
    return None if not values or None in values else np.array(values, dtype=float)
