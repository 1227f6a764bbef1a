"""Predictions of a saved run for the rows of a new file, as columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from lossbench.catalog.decoders import Prediction
from lossbench.data.cells import plain_number
from lossbench.data.read.build_table import read_features
from lossbench.data.source import DataSource
from lossbench.data.table import Information
from lossbench.errors import counted
from lossbench.experiments.train.saved_model import FILE, load_predictor
from lossbench.record import read_record, verify

PROBABILITY_DIGITS, VALUE_DIGITS = 7, 9  # what float32 carries
LEVELS = (0.05, 0.5, 0.95)  # of the quantiles of a distribution


@dataclass(frozen=True)
class Predicted:
    """What a run predicts for the rows of a file: `columns` by header, in order, and what a user should know."""

    columns: dict[str, list[Any]]
    notes: list[str]


def predict_file(
    run: Path,
    file: Path,
    member: int | None = None,
    *,
    reading: Mapping[str, Any] | None = None,
    last_act: str | None = None,
    decode: str | None = None,
) -> Predicted:
    """Labels and probabilities, or values, for the rows of a file (`-`: standard input), with a trained run's member.

    Of classes in an order the median class stands beside the label.

    The file is read as the training's was, but for what `reading` says. Probabilities are excluded, and a note says
    so, where the loss gives none. Values that training never saw and gaps that were filled are counted in the notes.
    Raises `UserError` for weights that are not those of the run's record, for a missing column and for cells of another
    kind than the training's.
    """
    if (run / FILE).is_file():
        verify(run, read_record(run), FILE)
    predictor = load_predictor(run, member or 0, last_act=last_act, decode=decode)
    options = {**predictor.reading, **(reading or {})}
    if "date_formats" in options:
        options["date_formats"] = {**predictor.reading.get("date_formats", {}), **options["date_formats"]}
    if (reading or {}).get("header") and "columns" not in (reading or {}):
        options.pop("columns", None)  # they named the columns of files without a header
    source = DataSource(file=str(file), target=predictor.target, **options)
    features, notes = read_features(source, predictor.preparation.kinds)
    if member is None and predictor.members > 1:
        notes.append(Information(f"predicted by member 0 of {predictor.members} (--member chooses another)"))
    notes += [_unseen_note(name, counts) for name, counts in predictor.preparation.unseen(features).items()]
    for name, (gaps, median) in predictor.preparation.filled(features).items():
        notes.append(f"column {name!r}: {counted(gaps, 'gap')} filled with the training median {plain_number(median)}")
    prediction = predictor.predict(features)
    if prediction.point_PN is not None and predictor.targets:
        each = prediction.point_PN[0].T.tolist()
        columns = zip(predictor.targets, each, strict=True)
        return Predicted({name: [_rounded(value, VALUE_DIGITS) for value in own] for name, own in columns}, notes)
    if prediction.point_PN is not None:
        return Predicted(_values(predictor.target, prediction.point_PN, prediction), notes)
    decided: dict[str, list[Any]] = {predictor.target: [predictor.classes[i] for i in prediction.label_PN[0].tolist()]}
    if predictor.is_ordinal:
        decided[f"median({predictor.target})"] = [predictor.classes[i] for i in prediction.median_PN[0].tolist()]
    if prediction.probability_PNC is None:
        return Predicted(decided, [*notes, Information(f"{predictor.loss} gives no probabilities: labels only")])
    for i, label in enumerate(predictor.classes):
        chances = prediction.probability_PNC[0, :, i].tolist()
        decided[f"P({label})"] = [_rounded(chance, PROBABILITY_DIGITS) for chance in chances]
    return Predicted(decided, notes)


def _values(target: str, point_PN: Tensor, prediction: Prediction) -> dict[str, list[Any]]:
    """The point; of a distribution its mean and standard deviation; and quantiles, those of the loss where it has no
    distribution."""
    parts = {target: point_PN}
    if prediction.distribution is not None:
        parts |= {f"mean({target})": prediction.distribution.mean, f"sd({target})": prediction.distribution.sd}
    if prediction.spread is not None:
        levels = LEVELS if prediction.quantiles is None else prediction.quantiles.levels
        value_PNL = prediction.spread.at(levels)
        parts |= {f"q{level:g}({target})": value_PNL[..., i] for i, level in enumerate(levels)}
    return {name: [_rounded(value, VALUE_DIGITS) for value in part[0].tolist()] for name, part in parts.items()}


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def _unseen_note(name: str, counts: Counter[str]) -> str:
    shown = ", ".join(f"{value} ({count})" for value, count in counts.most_common(5))
    return f"column {name!r} has {counted(counts.total(), 'value')} that training never saw: {shown}"
