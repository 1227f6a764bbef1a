"""What the engine trains for one loss: its trials on the inner folds, and what was chosen on whole training parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lossbench.config.commands.compare import CompareConfig
from lossbench.engine.kernel.choice import resolve_kernel
from lossbench.engine.problem import Fold, Member, Problem, Training
from lossbench.experiments.compare.job import Job
from lossbench.experiments.compare.tuning.choice import Refit
from lossbench.experiments.compare.tuning.inner_scores import inner_score


def tuning_problem(job: Job) -> Problem:
    """One member for each trial of each inner fold (a trial's `split` is the inner fold), in their order."""
    stopping, setting, candidate = job.stopping, job.setting, job.candidate
    return Problem(
        net=job.net,
        folds=tuple(split.fold(candidate.pair) for split in setting.inner),
        members=tuple(_member(job.config, setting.inner_seeds[t.split], t.split, t.lr, t.param_set) for t in job.tried),
        objectives=tuple(pair.objective for pair in candidate.pairs),
        training=replace(_training(job), patience=stopping.patience, min_delta=stopping.min_delta),
        score=inner_score(job.options.select, candidate.pairs, setting),
        better="lower",
        stops_by=2,
        has_val_loss=False,
    )


def refit_problem(job: Job, nets: Sequence[Refit]) -> Problem:
    """One member a net, on the whole outer training part; nothing is validated."""
    folds = [split.fold(job.candidate.pair) for split in job.setting.outer]
    return Problem(
        net=job.net,
        folds=tuple(Fold(fold.train, None, fold.weight_N, fold.statistics) for fold in folds),
        members=tuple(
            _member(job.config, job.setting.seeds[n.split], n.split, n.lr, n.param_set, n.epochs) for n in nets
        ),
        objectives=tuple(pair.objective for pair in job.candidate.pairs),
        training=_training(job),
    )


def _member(
    config: CompareConfig, seed: int, split: int, lr: float, param_set: int, epochs: int | None = None
) -> Member:
    l1, l2 = config.penalty.split()
    return Member(
        seed=seed,
        fold=split,
        objective=param_set,
        lr=lr,
        l1=l1,
        l2=l2,
        weight_decay=config.optim.weight_decay,
        momentum=config.optim.momentum,
        epochs=epochs,
    )


def _training(job: Job) -> Training:
    optim, net = job.config.optim, job.config.net
    return Training(
        epochs=optim.epochs,
        batch_size=optim.batch_size,
        optimizer=optim.name,
        schedule=optim.schedule,
        kernel=resolve_kernel(job.config.kernel, job.options.device, net.activation).name,
    )
