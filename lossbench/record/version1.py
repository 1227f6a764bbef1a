"""Records of schema version 1, as this version has them: the same numbers under their new names.

Version 1 had free mappings where there are types now: `evidence`, `conditions` and `protocol` of a run, `extra` of a
member, and label noise as the only condition.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lossbench.record.data import dummy_name

# The words of label noise, the one condition that version 1 had, as they were when version 2 began.
LABEL_NOISE: dict[str, Any] = {
    "name": "label_noise",
    "label": "label noise",
    "reference": 0.0,
    "reference_text": "clean labels",
    "level_text": "{level} label noise",
    "number": "percent",
    "harsher": "higher",
    "realised_text": "{share} of the training labels changed",
    "plot": "robustness",
    "plot_title": "Robustness to label noise",
    "plot_note": "Test labels are always clean.",
    "axis_label": "share of the training labels changed",
    "axis_scale": "linear",
}
_DIAGNOSTICS = {
    "members": "members",
    "members_finite": "members_finite",
    "final_train_loss": "final_train_loss",
    "floor": "floor",
    "members_below_floor": "members_below_floor",
    "members_staying_below_floor": "members_staying_below_floor",
    "below_floor_from_epoch": "below_floor_from_epoch",
    "all_below_floor_from_epoch": "all_below_floor_from_epoch",
    "dead_outputs": "dead_outputs",
    "rows_that_are_no_probabilities": "invalid_probabilities",
    "members_deciding_for_one_class": "members_predicting_one_class",
}
_PENALTY_TITLES = {"l1": "L1 penalty", "l2": "L2 penalty", "elasticnet": "elastic net"}
_MEMBER = ("params", "temperature", "n_train", "n_test", "chosen", "grid_edge")

Plain = dict[str, Any]


def upgrade(old: Mapping[str, Any]) -> Plain:
    """The record in version 2's shape."""
    new = {**old, "schema_version": 2}
    kind, levels = old["kind"], old.get("protocol", {}).get("label_noise", [])
    varied = any(levels)
    new["results"] = [_result(run, varied=varied) for run in new.pop("runs", [])]
    protocol = dict(old.get("protocol", {}))
    protocol.pop("label_noise", None)
    new["protocol"] = protocol
    tables = old["data"] if isinstance(old["data"], list) else [old["data"]]
    tasks = {table["task"] for table in tables}
    new["metrics"] = [_metric(metric, tasks) for metric in old.get("metrics", [])]
    if kind == "compare-losses":
        new.pop("verdict", None)
        new["data"] = [_data(data) for data in old["data"]]
        new["conditions"] = [{**LABEL_NOISE, "levels": levels}] if varied else []
        new["analysis"] = _analysis(old["analysis"], new["conditions"]) if old.get("analysis") else None
    else:
        new["data"] = _data(old["data"])
        if kind == "train":
            new.pop("analysis", None)
        else:
            new["analysis"] = _picture(old["analysis"])
    return new


def _data(old: Plain) -> Plain:
    split = dict(old["split"])
    if isinstance(split.get("sha256"), str):
        split["sha256"] = [split["sha256"]]
    # Version 1 kept a note's message alone; its warnings stand in the record's `warnings`, too.
    notes = [{"level": "note", "message": note} for note in old.get("notes", [])]
    return {**old, "split": split, "notes": notes}


def _metric(old: Plain, tasks: set[str]) -> Plain:
    """Unit, range and ROPE by the rules of that time: the errors of a regression alone had a unit and a scale."""
    has_unit = tasks == {"regression"} and old["name"] != "r2"
    new = {**old, "unit": "target" if has_unit else "none", "rope": "dummy_error" if has_unit else "absolute"}
    return {**new, "high": 1.0} if old["better"] == "higher" else {**new, "low": 0.0}


def _result(old: Plain, *, varied: bool) -> Plain:
    new = dict(old)
    new["dummy"] = new.pop("baseline", {})
    evidence, conditions = dict(new.pop("evidence", {})), dict(new.pop("conditions", {}))
    final = evidence.get("final_train_loss")
    if not final:
        evidence.pop("final_train_loss", None)
    new["diagnostics"] = {name: evidence[key] for key, name in _DIAGNOSTICS.items() if key in evidence}
    if "objective_group" in evidence or "stands_for" in evidence:
        new["objective"] = {
            "group": evidence.get("objective_group", ""),
            "factor": evidence.get("objective_factor", 1.0),
            "represents": evidence.get("stands_for", []),
        }
    for key in ("matrix", "reliability", "traceback"):
        if key in evidence:
            new[key] = evidence[key]
    if "lead" in evidence:
        new["regions"] = evidence["lead"]
    if "penalty" in conditions:
        new["penalty"] = {
            "name": conditions["penalty"],
            "title": _PENALTY_TITLES[conditions["penalty"]],
            "l1_ratio": conditions["l1_ratio"],
        }
    if varied:
        level = conditions.get("label_noise") or 0.0
        new["condition"] = {"label_noise": level}
        if conditions.get("realised") is not None:
            new["realised"] = {"label_noise": conditions["realised"]}
        new["name"] = new["name"].replace(f" ({level:g} label noise)", f" ({100 * level:g}% label noise)")
    new["members"] = [_member(member) for member in old.get("members", [])]
    return new


def _member(old: Plain) -> Plain:
    new = dict(old)
    extra = dict(new.pop("extra", {}))
    new |= {name: extra.pop(name) for name in _MEMBER if name in extra}
    if "class_weight" in extra:
        new["class_weights"] = extra.pop("class_weight")
    if "alpha" in extra:
        new["path"] = extra
    return new


def _picture(old: Plain) -> Plain:
    points = {part: {"x": p["x"], "y": p["y"], "label": p["class"]} for part, p in old["points"].items()}
    return {**old, "points": points}


def _analysis(old: Plain, conditions: list[Plain]) -> Plain:
    new = dict(old)
    condition = conditions[0] if conditions else None
    new["tables"] = [_table(table, condition) for table in old["tables"]]
    new["rope_text"] = new.pop("rope_said")
    new["sensitivity"] = [_sensitivity(found, condition) for found in new.pop("robustness")]
    new["across"] = [_across(across, condition) for across in old["across"]]
    return new


def _levels(level: float, condition: Plain | None) -> Plain:
    """A level as a condition, and in words."""
    if condition is None:
        return {}
    return {"condition": {"label_noise": level}, "condition_text": f"{100 * level:g}% label noise" if level else ""}


def _table(old: Plain, condition: Plain | None) -> Plain:
    new = dict(old)
    level, realised = new.pop("label_noise"), new.pop("realised")
    new |= _levels(level, condition)
    if condition is not None and realised is not None:
        new["realised"] = {"label_noise": realised}
        new["realised_text"] = LABEL_NOISE["realised_text"].format(share=f"{realised:.1%}") if level else ""
    # Version 1 had intervals of single comparisons beside p-values of Holm.
    new |= {"dummy_name": dummy_name(old["task"]), "single": True}
    return {**new, "rows": [_row(row) for row in old["rows"]]}


def _row(old: Plain) -> Plain:
    new = dict(old)
    new["represents"] = new.pop("stands_for", [])
    new["p_adjusted"] = new.pop("p_holm", None)
    new["single_low"], new["single_high"] = old.get("difference_low"), old.get("difference_high")
    new["failed_splits"] = old.get("diverged", 0)
    return new


def _sensitivity(old: Plain, condition: Plain | None) -> Plain:
    rows = [{**row, "p_adjusted": row.get("p_holm")} for row in old["rows"]]
    for row in rows:
        row.pop("p_holm", None)
    new = {**old, "condition": condition, "rows": rows}
    # Version 1 kept the first level's alone.
    new["dummies"] = [new.pop("dummy"), *[None] * (len(old["levels"]) - 1)]
    new["dummy_name"] = dummy_name("binary")  # only labels had noise
    return new


def _across(old: Plain, condition: Plain | None) -> Plain:
    new = dict(old)
    new |= _levels(new.pop("label_noise"), condition)
    new["excluded"] = new.pop("left_out")
    new["family"] = len(old["rows"]) - 1
    return new
