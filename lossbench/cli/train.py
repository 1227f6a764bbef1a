"""`lossbench train`: one loss on one table."""

from __future__ import annotations

from typing import Annotated, cast

from lossbench.cli import options as opt
from lossbench.config.schema import TrainConfig

Validation = Annotated[opt.Text, opt.flag("--validation", "split.validation", "SHARE", panel=opt.EVALUATION)]
Test = Annotated[opt.Text, opt.flag("--test", "split.test", "SHARE", panel=opt.EVALUATION)]
SplitSeed = Annotated[opt.Text, opt.flag("--split-seed", "split.seed", "INT", panel=opt.EVALUATION)]
PerSeed = Annotated[bool | None, opt.flag("--per-seed/--no-per-seed", "split.per_seed", None, panel=opt.EVALUATION)]
Recommended = Annotated[bool | None, opt.flag("--recommended/--no-recommended", "recommended", None, panel=opt.LOSS)]
Seeds = Annotated[opt.Text, opt.flag("--seeds", "seeds", "INT", panel=opt.RUN)]


def train(
    data: opt.Data = None,
    target: opt.Target = None,
    task: opt.Task = None,
    drop: opt.Drop = None,
    keep: opt.KeepColumns = None,
    groups: opt.Groups = None,
    scale: opt.Scale = None,
    loss: opt.Loss = None,
    loss_param: opt.LossParam = None,
    last_act: opt.LastAct = None,
    penalty: opt.Penalty = None,
    class_weight: opt.ClassWeight = None,
    target_encoding: opt.TargetEncoding = None,
    link: opt.Link = None,
    recommended: Recommended = None,
    strict: opt.Strict = False,
    hidden: opt.Hidden = None,
    activation: opt.Activation = None,
    optim: opt.Optim = None,
    lr: opt.Lr = None,
    batch_size: opt.BatchSize = None,
    epochs: opt.Epochs = None,
    momentum: opt.Momentum = None,
    weight_decay: opt.WeightDecay = None,
    schedule: opt.Schedule = None,
    patience: opt.Patience = None,
    min_delta: opt.MinDelta = None,
    metric: opt.Metric = None,
    validation: Validation = None,
    test: Test = None,
    split_seed: SplitSeed = None,
    per_seed: PerSeed = None,
    config: opt.ConfigFile = None,
    sets: opt.Sets = None,
    seeds: Seeds = None,
    seed: opt.Seed = None,
    device: opt.Device = None,
    threads: opt.Threads = None,
    output: opt.Output = None,
    name: opt.Name = None,
    force: opt.Force = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
    sep: opt.Sep = None,
    decimal: opt.Decimal = None,
    encoding: opt.Encoding = None,
    na: opt.Na = None,
    keep_na_words: opt.KeepNaWords = None,
    allow_short_rows: opt.AllowShortRows = None,
    drop_missing_target: opt.DropMissingTarget = None,
    min_class_rows: opt.MinClassRows = None,
    dates: opt.Dates = None,
    text: opt.FreeText = None,
    max_bytes: opt.MaxBytes = None,
) -> int:
    """Train an MLP with one loss and one last activation.

    A pair that does not fit is warned about and trained all the same: what then happens is measured and reported.

    Examples:
        lossbench train
        lossbench train --loss nll --last-act relu
        lossbench train --data wine --loss focal --loss-param gamma=2 --seeds 10
        lossbench train --data mine.csv --target y --hidden 64,64 --penalty l2=1e-3
        lossbench train --config configs/notebook_l1.yaml --set optim.lr=3e-4
    """
    given = dict(locals())
    from lossbench import runner  # brings the engine: not for --help

    return runner.train(
        cast(TrainConfig, opt.read("train", given)),
        command=opt.command_line(),
        mode=opt.mode(quiet, json),
        strict=strict,
        force=force,
    )
