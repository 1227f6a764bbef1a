"""Evidence over several data sets (N data sets, K losses): one mean per data set and loss, then rank statistics."""

from __future__ import annotations

import numpy as np

from lossbench.errors import counted
from lossbench.record.comparison import SURE, Across, AcrossRow, Word
from lossbench.report.compare.analysis.scores import (
    ConditionKey,
    LossScores,
    SettingScores,
    condition_key,
    first_of_each,
)
from lossbench.report.compare.analysis.statistics import ranks
from lossbench.report.compare.analysis.statistics.hierarchical import next_data_set
from lossbench.report.compare.analysis.statistics.paired import Floats, Posterior, corrected_scale, holm, share_won
from lossbench.report.format import among, listed, none_among, p_value, probability
from lossbench.report.scale import way_to_perfect

RANK_WARNING = "A rank says nothing of how large a difference is, and depends on which other losses were compared."


def compare_across(settings: list[SettingScores], *, alpha: float, rope: float, seed: int) -> list[Across]:
    """One `Across` per combination of the conditions' levels that has at least two data sets with scores."""
    grouped: dict[ConditionKey, list[SettingScores]] = {}
    for setting in settings:
        if setting.baseline.score_J is not None:
            grouped.setdefault(condition_key(setting.condition), []).append(setting)
    return [
        found
        for group in grouped.values()
        if len(group) > 1 and (found := _across(group, alpha, rope, seed)) is not None
    ]


def _across(settings: list[SettingScores], alpha: float, rope: float, seed: int) -> Across | None:
    scored = [_objectives(setting) for setting in settings]
    baseline = settings[0].baseline.name
    names = [name for name in scored[0] if all(name in entries for entries in scored)]
    everyone = dict.fromkeys(name for entries in scored for name in entries)
    if baseline not in names or len(names) < 2:
        return None
    # On every data set 0 is the dummy's score and 1 a perfect one: raw scores of different tables are no numbers that
    # could be averaged, since the easiest table would decide.
    scores = [
        [setting.scaled(entries[name]) for setting, entries in zip(settings, scored, strict=True)] for name in names
    ]
    gains = [[mine - base for mine, base in zip(row, scores[names.index(baseline)], strict=True)] for row in scores]
    mean_NK = np.array([[values.mean() for values in row] for row in scores]).T
    gain_NK = mean_NK - mean_NK[:, [names.index(baseline)]]
    count, compared = len(settings), len(names) - 1
    # A baseline that was chosen after looking is one of all pairs.
    family = len(names) * compared // 2 if any(setting.picked for setting in settings) else compared
    smallest = ranks.smallest_wilcoxon_p(count)
    omnibus = ranks.friedman(mean_NK)
    # Of few data sets the F rejects too easily (two that agree have p = 0), the chi-square too rarely: both must.
    rejected = omnibus is not None and max(omnibus.p, omnibus.chi2_p) < alpha
    average_rank = ranks.ranks(mean_NK).mean(axis=0)
    rows = []
    for k, name in enumerate(names):
        low, high = ranks.iqm_interval([list(values) for values in gains[k]], seed=seed)
        row = AcrossRow(
            name=name,
            word="baseline" if name == baseline else "not distinguishable",
            average_rank=float(average_rank[k]),
            iqm=ranks.iqm(np.concatenate(gains[k])),
            iqm_low=low,
            iqm_high=high,
        )
        if name != baseline:
            row = _against_baseline(row, gain_NK[:, k], _next(settings, gains[k], rope), family, alpha)
        rows.append(row)
    needed = ranks.data_sets_needed(family, alpha)
    rows = _with_words(rows, family, alpha, enough=count >= needed)
    rows.sort(key=lambda row: (-row.iqm, row.name))
    found = Across(
        condition=dict(settings[0].condition),
        condition_text=settings[0].condition_text,
        data=[setting.data.name for setting in settings],
        baseline=baseline,
        scaled=all(setting.dummy is not None for setting in settings),
        rope=rope,
        smallest_p=smallest,
        family=family,
        needed=needed,
        friedman_p=omnibus.chi2_p if omnibus else None,
        iman_davenport_p=omnibus.p if omnibus else None,
        critical_difference=ranks.nemenyi_distance(len(names), count, alpha) if rejected else None,
        rejected=rejected,
        omnibus=_omnibus(omnibus, rejected, len(names), count, alpha),
        excluded={
            name: [s.data.name for s, entries in zip(settings, scored, strict=True) if name not in entries]
            for name in everyone
            if name not in names
        },
        sentence="",
        rows=rows,
    )
    return found.replace(sentence=_sentence(found))


def _objectives(setting: SettingScores) -> dict[str, LossScores]:
    """The setting's losses with scores, one per objective (the baseline for its own), unsound pairs left in."""
    scored = (entry for entry in (setting.baseline, *setting.entries) if entry.score_J is not None)
    return {entry.name: entry for entry in first_of_each(scored).values()}


def _next(settings: list[SettingScores], gains: list[Floats], rope: float) -> Posterior:
    """What the gains say of the next data set, each with the error that its splits leave it."""
    pairs = list(zip(settings, gains, strict=True))
    error = [
        corrected_scale(gain, setting.test_over_train, _grain(setting)) if len(gain) > 1 else np.nan
        for setting, gain in pairs
    ]
    return next_data_set(
        np.array([gain.mean() for gain in gains]),
        np.array(error),
        np.array([max(1, len(gain) - 1) for gain in gains], dtype=float),
        rope,
    )


def _grain(setting: SettingScores) -> float:
    """What one test row changes, on the scale of the data sets."""
    return setting.grain / way_to_perfect(setting.metric_record, setting.dummies)[1]


def _against_baseline(row: AcrossRow, gain_N: Floats, posterior: Posterior, family: int, alpha: float) -> AcrossRow:
    return row.replace(
        gain=float(np.median(gain_N)),
        won=share_won(gain_N),
        p=ranks.wilcoxon(gain_N),
        p_worse=posterior.worse,
        p_equal=posterior.equal,
        p_better=posterior.better,
        data_sets_for_power=ranks.data_sets_for_power(gain_N, family, alpha),
    )


def _with_words(rows: list[AcrossRow], family: int, alpha: float, *, enough: bool) -> list[AcrossRow]:
    """Holm over the family, then the word; too few data sets for any p below alpha carry none of the stronger words."""
    tested = [row for row in rows if row.p is not None]
    # Comparisons that the family has beside those of the baseline can have p-values of up to 1.
    p_of_family = [*(row.p for row in tested if row.p is not None), *[1.0] * (family - len(tested))]
    p_holm = dict(zip([row.name for row in tested], holm(p_of_family), strict=False))
    scored = []
    for row in rows:
        p, word = p_holm.get(row.name), row.word
        if p is not None and enough:
            word = _word(p, row, alpha)
        scored.append(row.replace(p_holm=p, word=word))
    return scored


def _word(p_holm: float, row: AcrossRow, alpha: float) -> Word:
    if (row.p_equal or 0) > SURE:
        return "practically equal"
    if p_holm >= alpha:
        return "not distinguishable"
    return "better" if (row.gain or 0) > 0 else "worse"


def _omnibus(found: ranks.Omnibus | None, rejected: bool, losses: int, data_sets: int, alpha: float) -> str:
    """Whether the losses differ at all, before any two of them are compared."""
    if found is None:
        return f"No omnibus test of {counted(losses, 'loss', 'losses')} on {counted(data_sets, 'data set')}."
    p, chi2_p = (f"p {text if text.startswith('<') else f'= {text}'}" for text in map(p_value, (found.p, found.chi2_p)))
    return (
        f"Friedman {chi2_p}, Iman-Davenport {p} ({losses} losses, {data_sets} data sets): that all losses are alike is"
        f" {'rejected' if rejected else 'not rejected'} at {alpha:g}."
    )


def _sentence(found: Across) -> str:
    """What the data sets together say of the losses against the baseline."""
    count, compared = len(found.data), len(found.rows) - 1
    over = f"Over {found.title}"
    missing = [f"{name} (missing on {listed(where)})" for name, where in found.excluded.items()]
    excluded = f"; excluded: {listed(missing)}" if missing else ""
    if found.too_few:
        leader = max((row for row in found.rows if row.p_better is not None), key=lambda row: row.p_better or 0)
        promising = (leader.p_better or 0) > 0.5
        return (
            f"{over} nothing can be significant: the smallest p that {counted(count, 'data set')} can give is"
            f" {found.smallest_p:.3g}, and {counted(found.family, 'comparison needs', 'comparisons need')} at least"
            f" {found.needed} data sets; "
            + (
                f"the most promising is {leader.name}, better than {found.baseline} with probability"
                f" {probability(leader.p_better)}"
                if promising
                else f"no loss is more likely than not to be better than {found.baseline}"
            )
            + f"{excluded}."
        )
    better, worse, equal, open_ = (
        [row.name for row in found.rows if row.word == word]
        for word in ("better", "worse", "practically equal", "not distinguishable")
    )
    parts = [
        f"{listed(better)} {'beats' if len(better) == 1 else 'beat'} {found.baseline}"
        if better
        else f"no loss beats {found.baseline}"
    ]
    if worse:
        parts.append(f"{listed(worse)} {'is' if len(worse) == 1 else 'are'} worse")
    if equal:
        parts.append(f"{among(equal, compared)} practically equal to it")
    if open_:
        parts.append(f"{none_among(open_, compared)} distinguishable from it")
    return f"{over} {', '.join(parts)} (Wilcoxon signed-rank with Holm; hierarchical model){excluded}."
