"""`lossbench compare-losses`: which loss, with evidence."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from lossbench.cli import completion
from lossbench.cli import options as opt
from lossbench.config.schema import CompareConfig, Kind

KIND: Kind = "compare-losses"

Data = Annotated[
    opt.Text, opt.flag("--data", "data", "NAME|FILE,...", panel=opt.TABLE, kind=KIND, complete=completion.datasets)
]
Losses = Annotated[
    opt.Text, opt.flag("--losses", "losses", "NAME,...", panel=opt.LOSS, kind=KIND, complete=completion.pairs)
]
Baseline = Annotated[
    opt.Text, opt.flag("--baseline", "baseline", panel=opt.EVALUATION, kind=KIND, complete=completion.one_loss)
]
Folds = Annotated[opt.Text, opt.flag("--folds", "folds", "INT", panel=opt.EVALUATION, kind=KIND)]
Repeats = Annotated[opt.Text, opt.flag("--repeats", "repeats", "INT", panel=opt.EVALUATION, kind=KIND)]
Rope = Annotated[opt.Text, opt.flag("--rope", "rope", "FLOAT", panel=opt.EVALUATION, kind=KIND)]
Ranks = Annotated[bool | None, opt.flag("--ranks", "ranks", None, panel=opt.EVALUATION, kind=KIND)]
LabelNoise = Annotated[opt.Text, opt.flag("--label-noise", "label_noise", "SHARE,...", panel=opt.EVALUATION, kind=KIND)]
TrainShare = Annotated[opt.Text, opt.flag("--train-share", "train_share", "SHARE,...", panel=opt.EVALUATION, kind=KIND)]
Hidden = Annotated[opt.Text, opt.flag("--hidden", "net.hidden", "INT,...", panel=opt.NET, kind=KIND)]
Patience = Annotated[opt.Text, opt.flag("--patience", "early_stopping.patience", "INT", panel=opt.TRAINING, kind=KIND)]
Lrs = Annotated[opt.Text, opt.flag("--lrs", "lrs", "FLOAT,...", panel=opt.TRAINING, kind=KIND)]
TuneParams = Annotated[opt.Text, opt.flag("--tune-params", "tune_params", panel=opt.TRAINING, kind=KIND)]
InnerValidation = Annotated[
    opt.Text, opt.flag("--inner-validation", "inner_validation", "SHARE", panel=opt.TRAINING, kind=KIND)
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Say what would run: pairs, verdicts, nets, estimated time.", rich_help_panel=opt.RUN
    ),
]


def compare_losses(
    data: Data = None,
    target: opt.Target = None,
    task: opt.Task = None,
    drop: opt.Drop = None,
    keep: opt.KeepColumns = None,
    groups: opt.Groups = None,
    scale: opt.Scale = None,
    losses: Losses = None,
    target_encoding: opt.TargetEncoding = None,
    link: opt.Link = None,
    penalty: opt.Penalty = None,
    strict: opt.Strict = False,
    baseline: Baseline = None,
    metric: opt.Metric = None,
    folds: Folds = None,
    repeats: Repeats = None,
    label_noise: LabelNoise = None,
    train_share: TrainShare = None,
    rope: Rope = None,
    ranks: Ranks = None,
    hidden: Hidden = None,
    activation: opt.Activation = None,
    lrs: Lrs = None,
    tune_params: TuneParams = None,
    inner_validation: InnerValidation = None,
    optim: opt.Optim = None,
    lr: opt.Lr = None,
    batch_size: opt.BatchSize = None,
    epochs: opt.Epochs = None,
    momentum: opt.Momentum = None,
    weight_decay: opt.WeightDecay = None,
    schedule: opt.Schedule = None,
    patience: Patience = None,
    min_delta: opt.MinDelta = None,
    config: opt.ConfigFile = None,
    sets: opt.Sets = None,
    seed: opt.Seed = None,
    device: opt.Device = None,
    threads: opt.Threads = None,
    output: opt.Output = None,
    name: opt.Name = None,
    dry_run: DryRun = False,
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
    """Compare losses on the same splits, first weights and batches, each with its best learning rate.

    A loss may bring parameters and a last activation: focal(gamma=3), nll+relu, my_loss.py:my_loss.

    Examples:
        lossbench compare-losses
        lossbench compare-losses --config configs/notebook.yaml
        lossbench compare-losses --data wine --losses ce,focal,mse --folds 10
        lossbench compare-losses --losses ce,my_loss.py:my_loss --baseline ce
        lossbench compare-losses --label-noise 0,0.2,0.4 --dry-run
    """
    given = dict(locals())
    from lossbench import runner  # brings the engine: not for --help

    return runner.compare(
        cast(CompareConfig, opt.read(KIND, given)),
        command=opt.command_line(),
        mode=opt.mode(quiet, json),
        strict=strict,
        force=force,
        dry_run=dry_run,
    )
