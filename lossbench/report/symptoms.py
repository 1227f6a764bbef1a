"""Symptoms of an unsound pair as sentences, and the message of a failed run in one line."""

from __future__ import annotations

from lossbench.record import Diagnostics, LossResult


def symptoms(result: LossResult) -> list[str]:
    """The evidence of a pair as sentences, worst first; empty for a pair that showed no symptom.

    Of a broken pair it is also said that no output is dead, since that is what one would suspect.
    """
    found, sentences = result.diagnostics, []
    members = found.members
    finite = members if found.members_finite is None else found.members_finite
    only = f", of the {finite} of {members} nets with finite outputs" if finite < members else ""
    if found.members_below_floor:
        sentences.append(_below_floor(found, found.members_below_floor))
    dead = found.dead_outputs
    if dead:
        sentences.append(f"{dead:.0%} of its outputs are dead: one value for every row of the test part{only}")
    if invalid := found.invalid_probabilities:
        sentences.append(
            f"{invalid:.0%} of its output rows are not probabilities, although the loss expects probabilities{only}"
        )
    if count := found.members_predicting_one_class:
        whose = "with finite outputs " if finite < members else ""
        predicts = "predicts" if finite == 1 else "predict"
        sentences.append(f"{_of(count, finite)} {whose}{predicts} the same class for every row")
    if dead == 0 and sentences and result.verdict.level == "broken":
        sentences.append(f"0% of its outputs are dead: none gives one value for every row of the test part{only}")
    return sentences


def _below_floor(found: Diagnostics, below: int) -> str:
    """When it fell below the floor, whether it stayed there, in how many nets, and where it ended."""
    members, first = found.members, found.below_floor_from_epoch
    last = first if found.all_below_floor_from_epoch is None else found.all_below_floor_from_epoch
    stayed = below if found.members_staying_below_floor is None else found.members_staying_below_floor
    when = f"epoch {first}" if first == last else f"epoch {first} (the first net) to {last} (the last)"
    since = f"from {when} on" if stayed == below else f"in {when}"
    stays = "" if stayed == below else f"; {stayed or 'none'} of these stayed below"
    text = f"its loss fell below its floor of {found.floor or 0:g} {since} ({_of(below, members)}{stays})"
    ended = found.final_train_loss and found.final_train_loss.mean
    if not ended:
        return text
    size = f"{abs(ended):,.{0 if abs(ended) >= 1000 else 3}f}"
    return f"{text} and ended at {'−' if ended < 0 else ''}{size}" + (" on average" if members > 1 else "")


def _of(count: int, members: int) -> str:
    return "the net" if members == 1 else f"all {members} nets" if count == members else f"{count} of {members} nets"


def reason(result: LossResult, longest: int = 160) -> str:
    """Why a run is broken or failed, in one line: the first symptom measured, else the message, else the verdict."""
    if result.status == "failed":
        why = result.message or "no message"
    else:
        why = next(iter(symptoms(result)), "") or result.verdict.why or result.message
    why = " ".join(why.split()).rstrip(".")
    return why if len(why) <= longest else why[: longest - 1].rstrip() + "…"
