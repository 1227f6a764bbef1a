"""Runs `regularize-gif`: trains a net for each penalty and alpha, and computes its decision regions.

Shapes: P members (alphas within penalties), N rows, G grid points a side, C classes.
"""

from __future__ import annotations

import time

import numpy as np
import torch
from numpy.typing import NDArray

from lossbench.catalog.metrics import reported, score_all
from lossbench.components.penalties import PENALTIES
from lossbench.data.splits.rows import digest
from lossbench.data.splits.scheme import scheme
from lossbench.engine.problem import Member
from lossbench.engine.solver.minimize import Converged, Ending, converge
from lossbench.events import Emit, Phase, Status, Stopped, Warned, ignore, never
from lossbench.experiments.regularize.convergence import caption, protocol
from lossbench.experiments.regularize.plan import RegularizePlan, default_name
from lossbench.experiments.regularize.plane import Plane
from lossbench.experiments.regularize.regions import describe, leads_of
from lossbench.experiments.scoring.scores import metric_record, score_dummy, weights_of
from lossbench.experiments.setup.data_source import announce, data_record
from lossbench.experiments.setup.environment import environment
from lossbench.experiments.setup.pair import Pair
from lossbench.record import (
    LossResult,
    MemberRecord,
    PackedPlanes,
    PathRecord,
    PenaltyRecord,
    RegularizeRecord,
    Scores,
    SplitRecord,
)

WORTH_A_THREAD = 5e-3  # seconds of one evaluation's arithmetic below which threads only wait for each other
FLOPS = 1e10  # of products, a second and a core, in float64
FEW = 10  # rows of a test part that says little
STATUS: dict[str, Status] = {"diverged": "diverged", "interrupted": "interrupted"}


def run(plan: RegularizePlan, *, emit: Emit = ignore, stopped: Stopped = never, command: str = "") -> RegularizeRecord:
    """Train every net, and read the regions off it; the record holds all that the pictures are drawn from."""
    config, pair, plane = plan.config, plan.pair, plan.plane
    began = time.perf_counter()
    announce((*plan.table.notes, *plane.split.preparation.notes), emit)
    tested = len(plan.split.test)
    if tested < FEW:
        emit(Warned(f"only {tested} rows to test on: accuracy moves in steps of {1 / tested:.0%} (--test takes more)"))
    for warning in pair.warnings():
        emit(Warned(warning))
    fold = plane.split.fold(pair)
    members, rule = plan.members, plan.rule
    nets = converge(
        plan.net,
        fold,
        pair.objective,
        members,
        rule=rule,
        emit=emit,
        stopped=stopped,
        device=plan.device,
        threads=_threads(plan),
    )
    fitted = time.perf_counter()
    lost = sum(m.end == "diverged" for m in nets.members)
    left = sum(not m.converged for m in nets.members) - lost
    if lost:
        emit(Warned(f"{lost} of {len(members)} nets diverged: {_bottomless(plan)}; they are marked"))
    if left and not stopped():
        emit(Warned(f"{left} of {len(members)} nets have not converged; they are marked (--max-iter allows more)"))
    parts = {part: _scores(nets, plane, pair, part) for part in ("train", "test")}
    leads: list[NDArray[np.float32]] = []
    for lead in leads_of(nets, plane, pair):
        leads.append(lead)
        emit(Phase("regions", min(sum(x.shape[2] for x in leads), config.grid**2), config.grid**2))
    planes = np.concatenate(leads, 2).reshape(len(members), -1, config.grid, config.grid)
    runs = [_run_record(plan, i, nets, parts, planes) for i in range(len(config.penalty))]
    drawn = time.perf_counter()
    return RegularizeRecord(
        name=config.name or default_name(plan),
        status="interrupted" if stopped() else "ok",
        command=command,
        config=config.model_dump(mode="json"),
        environment=environment(plan.device, plan.threads),
        data=data_record(plan.table, plane.split.inputs, _split_facts(plan), plane.split.preparation),
        verdict=pair.verdict_record(),
        metrics=[metric_record(metric) for metric in reported(pair.task)],
        protocol=protocol(rule),
        results=runs,
        analysis=describe(plan.table, plan.net, pair, plane, config, caption(rule)),
        timing={"train": fitted - began, "regions": drawn - fitted, "total": drawn - began},
    )


def _threads(plan: RegularizePlan) -> int:
    """Small nets are trained on one thread: more would only wait for each other."""
    seconds = 6 * len(plan.members) * len(plan.split.train) * plan.weights / FLOPS
    return plan.threads if seconds > WORTH_A_THREAD and plan.device.type == "cpu" else 1


def _scores(nets: Converged, plane: Plane, pair: Pair, part: str) -> list[Scores]:
    out = torch.cat(list(nets.outputs(plane.split.x_ND[part])), 1).cpu()
    truth = plane.split.truth_N[part].expand(len(out), -1)
    every = score_all(pair.decode(out), truth, reported(pair.task), weights_of([plane.split], part))
    return [
        {name: None if value is None else float(value[p]) for name, value in every.items()} for p in range(len(out))
    ]


def _run_record(
    plan: RegularizePlan, i: int, nets: Converged, parts: dict[str, list[Scores]], planes: NDArray[np.float32]
) -> LossResult:
    """The nets of one penalty."""
    penalty, count, pair = plan.config.penalty[i], plan.config.alphas, plan.pair
    own = range(i * count, (i + 1) * count)
    members = []
    for p in own:
        member, ending = plan.members[p], nets.members[p]
        members.append(
            MemberRecord(
                seed=member.seed,
                lr=None,
                status=STATUS.get(ending.end, "ok"),
                penalty={"l1": member.l1, "l2": member.l2},
                train=parts["train"][p],
                test=parts["test"][p],
                path=_facts(float(plan.alphas[p - own.start]), member, ending, plan.config.tol),
            )
        )
    statuses = [member.status for member in members]
    dummy = {part: score_dummy(plan.plane.split, pair.classes, part, reported(pair.task)) for part in ("train", "test")}
    return LossResult(
        name=f"{plan.table.name} / {pair.name} / {penalty}",
        data=plan.table.name,
        loss=pair.loss_record(),
        last_act=pair.activation.name,
        verdict=pair.verdict_record(),
        status="interrupted" if "interrupted" in statuses else "ok" if "ok" in statuses else "diverged",
        message=_bottomless(plan) if "diverged" in statuses else "",
        outputs=pair.outputs,
        penalty=PenaltyRecord(name=penalty, title=PENALTIES.get(penalty).title, l1_ratio=plan.ratio(penalty)),
        members=members,
        regions=[PackedPlanes.of(planes[p]) for p in own],
        dummy=dummy,
    )


def _facts(alpha: float, member: Member, ending: Ending, tolerance: float) -> PathRecord:
    weights = ending.weights_W.numpy()
    l1_norm, l2_norm = float(np.abs(weights).sum()), float(np.sqrt(np.square(weights).sum()))
    return PathRecord(
        alpha=alpha,
        data_loss=ending.data_loss if np.isfinite(ending.data_loss) else None,
        penalty=member.l1 * l1_norm + member.l2 / 2 * l2_norm**2,
        l1_norm=l1_norm,
        l2_norm=l2_norm,
        zeros=int((weights == 0).sum()),
        weights=[float(f"{w:.7g}") for w in weights],
        converged=ending.converged,
        ended_by=ending.end,
        residual=ending.residual if np.isfinite(ending.residual) else None,
        tolerance=tolerance,
        evaluations=ending.evaluations,
    )


def _split_facts(plan: RegularizePlan) -> SplitRecord:
    return SplitRecord(
        scheme=scheme(plan.table, "holdout"),
        train=len(plan.split.train),
        test=len(plan.split.test),
        seed=plan.config.split.seed,
        sha256=[digest(plan.split)],
    )


def _bottomless(plan: RegularizePlan) -> str:
    """Why an objective has no minimum."""
    why = "" if plan.pair.verdict.level.is_sound else f" ({plan.pair.verdict.why})"
    return f"the objective falls below every bound, faster than the penalty grows{why}"
