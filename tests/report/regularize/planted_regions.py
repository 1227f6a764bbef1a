"""A record of `regularize-gif` made up without training: straight boundaries that turn and fade as alpha grows."""

import numpy as np

from lossbench.components.penalties import PENALTIES
from lossbench.record import (
    AxisRecord,
    DataRecord,
    LossRecord,
    LossResult,
    MemberRecord,
    PackedPlanes,
    PathRecord,
    PenaltyRecord,
    PictureRecord,
    PointsRecord,
    RegularizeProtocol,
    RegularizeRecord,
    SplitRecord,
    StoppingRule,
    VerdictRecord,
)

GRID = 60


def planted_regions(*, penalties=("l2",), alphas=20, classes=2, weights=12, unconverged=()):
    """The weights of l1 become zero one after another, those of l2 shrink; member `k` of `unconverged` is marked."""
    draw = np.random.default_rng(0)
    names = ["setosa", "versicolor", "virginica", "$fourth$", "fifth", "sixth", "seventh"][:classes]
    angles = 2 * np.pi * np.arange(classes) / classes
    centers = 2 * np.column_stack([np.cos(angles), np.sin(angles)])
    y = np.arange(90) % classes
    points = centers[y] + draw.normal(scale=0.7, size=(90, 2))
    start = draw.normal(scale=2, size=weights)
    ticks = np.linspace(-4, 4, GRID)
    grid = np.stack(np.meshgrid(ticks, ticks), -1)
    strengths = np.logspace(-4, 2, alphas)
    results = []
    for penalty in penalties:
        ratio = {"l1": 1.0, "l2": 0.0}.get(penalty, 0.5)
        members, leads = [], []
        for k, alpha in enumerate(strengths):
            share = k / (alphas - 1)
            w = (
                start / (1 + 20 * share)
                if penalty == "l2"
                else np.sign(start) * np.maximum(np.abs(start) - 3 * share, 0)
            )
            sharp = 3 * (1 - share) ** 2
            score = sharp * grid @ (centers @ [[np.cos(share), -np.sin(share)], [np.sin(share), np.cos(share)]]).T
            p = np.exp(score - score.max(-1, keepdims=True))
            p = np.moveaxis(p / p.sum(-1, keepdims=True), -1, 0)
            lead = (
                (p[1] - p[0])[None]
                if classes == 2
                else np.stack([q - np.delete(p, i, 0).max(0) for i, q in enumerate(p)])
            )
            leads.append(PackedPlanes.of(lead))
            l1, l2 = float(np.abs(w).sum()), float(np.sqrt(np.square(w).sum()))
            members.append(
                MemberRecord(
                    seed=0,
                    lr=None,
                    status="ok",
                    penalty={"l1": alpha * ratio, "l2": alpha * (1 - ratio)},
                    train={"accuracy": 1 - share / 2},
                    test={"accuracy": 0.97 - share / 2},
                    path=PathRecord(
                        alpha=float(alpha),
                        data_loss=0.7 * share,
                        penalty=0.4 * share * (1 - share),
                        l1_norm=l1,
                        l2_norm=l2,
                        zeros=int((w == 0).sum()),
                        weights=w.tolist(),
                        converged=k not in unconverged,
                        ended_by="limit" if k in unconverged else "gradient",
                        residual=1e-9,
                        tolerance=1e-8,
                        evaluations=30,
                    ),
                )
            )
        results.append(
            LossResult(
                name=f"planted / {penalty}",
                data="planted",
                loss=LossRecord(name="cross_entropy", label="cross_entropy"),
                last_act="identity",
                verdict=VerdictRecord(level="ok", why=""),
                status="ok",
                penalty=PenaltyRecord(name=penalty, title=PENALTIES.get(penalty).title, l1_ratio=ratio),
                members=members,
                regions=leads,
            )
        )

    def columns(part):
        return PointsRecord(x=points[part, 0].tolist(), y=points[part, 1].tolist(), label=y[part].tolist())

    axis = {"low": -4.0, "high": 4.0}
    return RegularizeRecord(
        name="planted",
        status="ok",
        data=DataRecord(
            name="planted",
            task="binary",
            rows=90,
            features=["a", "b"],
            inputs=2,
            target="y",
            sha256="0",
            split=SplitRecord(),
        ),
        protocol=RegularizeProtocol(
            objective="mean data loss + alpha * penalty",
            penalised="weights, not biases",
            rule=StoppingRule(tol=1e-8, kink=1e-4, decrease=1e-6, patience=200, max_iter=4000),
        ),
        results=results,
        analysis=PictureRecord(
            title=f"planted: {', '.join(names)}",
            subtitle="MLP 2–16–2, relu; cross_entropy + identity",
            note="",
            caption="trained until the proximal gradient is below 1e-08, or at a kink gradients cancel to 0.0001",
            classes=names,
            shading="probability",
            grid=GRID,
            axes=[AxisRecord(label="a (cm)", **axis), AxisRecord(label="b ($)", **axis)],
            points={"train": columns(slice(0, 60)), "test": columns(slice(60, 90))},
        ),
    )
