"""What was measured of an unsound pair, in sentences; and the message of a run that failed, in one line."""

from __future__ import annotations

from lossbench.record import RunRecord


def symptoms(run: RunRecord) -> list[str]:
    """The evidence of a pair as sentences, worst first; empty for a pair that showed no symptom."""
    found, said = run.evidence, []
    members = found.get("members", 0)
    if found.get("members_below_floor"):
        ended = found.get("final_train_loss", {}).get("mean")
        said.append(
            f"its loss fell below its floor of {found['floor']:g} from epoch {found['below_floor_from_epoch']} on"
            f" ({found['members_below_floor']} of {members} nets)"
            + (f" and ended at {ended:,.{0 if abs(ended) >= 1000 else 3}f}".replace("-", "−") if ended else "")
        )
    if found.get("dead_outputs", 0) > 0:
        said.append(f"{found['dead_outputs']:.0%} of its outputs are dead: one value for every row, without gradient")
    if found.get("rows_that_are_no_probabilities", 0) > 0:
        said.append(
            f"{found['rows_that_are_no_probabilities']:.0%} of its rows are no probabilities,"
            " though it takes them for such"
        )
    if found.get("members_deciding_for_one_class"):
        said.append(
            f"{found['members_deciding_for_one_class']} of {members} nets decide for one class whatever they see"
        )
    return said


def reason(run: RunRecord, longest: int = 160) -> str:
    """Why a run is broken or failed, in one line: the first symptom measured, else the message, else the verdict."""
    if run.status == "failed":
        lines = [line.strip() for line in run.message.splitlines() if line.strip()]
        why = lines[-1] if lines else "no message"  # of a traceback, the last line names the exception
    else:
        why = next(iter(symptoms(run)), "") or run.verdict.why or run.message
    why = " ".join(why.split()).rstrip(".")
    return why if len(why) <= longest else why[: longest - 1].rstrip() + "…"
