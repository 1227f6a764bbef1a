"""`lossbench regularize-gif`: what a penalty does, as an animation."""

from __future__ import annotations

from typing import Annotated, cast

from lossbench.cli import completion
from lossbench.cli import options as opt
from lossbench.config.schema import Kind, RegularizeConfig

KIND: Kind = "regularize-gif"

Data = Annotated[
    opt.Text, opt.flag("--data", "data", "NAME|FILE", panel=opt.TABLE, kind=KIND, complete=completion.one_dataset)
]
Classes = Annotated[opt.Text, opt.flag("--classes", "classes", "NAME,...", panel=opt.TABLE, kind=KIND)]
Features = Annotated[opt.Text, opt.flag("--features", "features", "COLUMN,COLUMN|pca", panel=opt.TABLE, kind=KIND)]
Rest = Annotated[opt.Text, opt.flag("--rest", "rest", panel=opt.TABLE, kind=KIND)]
Test = Annotated[opt.Text, opt.flag("--test", "split.test", "SHARE", panel=opt.TABLE, kind=KIND)]
Penalty = Annotated[
    opt.Text, opt.flag("--penalty", "penalty", "NAME,...", panel=opt.LOSS, kind=KIND, complete=completion.penalties)
]
Alphas = Annotated[opt.Text, opt.flag("--alphas", "alphas", "INT", panel=opt.LOSS, kind=KIND)]
AlphaRange = Annotated[opt.Text, opt.flag("--alpha-range", "alpha_range", "LOW:HIGH", panel=opt.LOSS, kind=KIND)]
L1Ratio = Annotated[opt.Text, opt.flag("--l1-ratio", "l1_ratio", "SHARE", panel=opt.LOSS, kind=KIND)]
Loss = Annotated[opt.Text, opt.flag("--loss", "loss", panel=opt.LOSS, kind=KIND, complete=completion.one_loss)]
Hidden = Annotated[opt.Text, opt.flag("--hidden", "net.hidden", "INT,...", panel=opt.NET, kind=KIND)]
Tol = Annotated[opt.Text, opt.flag("--tol", "tol", "FLOAT", panel=opt.TRAINING, kind=KIND)]
MaxIter = Annotated[opt.Text, opt.flag("--max-iter", "max_iter", "INT", panel=opt.TRAINING, kind=KIND)]
Fps = Annotated[opt.Text, opt.flag("--fps", "fps", "FLOAT", panel=opt.PICTURE, kind=KIND)]
Format = Annotated[opt.Text, opt.flag("--format", "format", panel=opt.PICTURE, kind=KIND)]
Grid = Annotated[opt.Text, opt.flag("--grid", "grid", "INT", panel=opt.PICTURE, kind=KIND)]


def regularize_gif(
    data: Data = None,
    target: opt.Target = None,
    classes: Classes = None,
    features: Features = None,
    rest: Rest = None,
    task: opt.Task = None,
    drop: opt.Drop = None,
    keep: opt.KeepColumns = None,
    scale: opt.Scale = None,
    test: Test = None,
    penalty: Penalty = None,
    alphas: Alphas = None,
    alpha_range: AlphaRange = None,
    l1_ratio: L1Ratio = None,
    loss: Loss = None,
    loss_param: opt.LossParam = None,
    last_act: opt.LastAct = None,
    class_weight: opt.ClassWeight = None,
    target_encoding: opt.TargetEncoding = None,
    link: opt.Link = None,
    strict: opt.Strict = False,
    hidden: Hidden = None,
    activation: opt.Activation = None,
    tol: Tol = None,
    max_iter: MaxIter = None,
    fps: Fps = None,
    format: Format = None,
    grid: Grid = None,
    config: opt.ConfigFile = None,
    sets: opt.Sets = None,
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
    """Animate what a growing penalty does to the decision regions, the weights and the accuracy.

    The objective is mean data loss + alpha * (l1_ratio * sum |w| + (1 - l1_ratio) / 2 * sum w^2), never of biases;
    l1 and l2 are elasticnet with a ratio of 1 and 0.

    Examples:
        lossbench regularize-gif --alphas 20
        lossbench regularize-gif --penalty l1,l2,elasticnet --alpha-range 1e-4:1e2
        lossbench regularize-gif --data moons --hidden 64,64 --fps 8
        lossbench regularize-gif --data mine.csv --target y --features a,b
    """
    given = dict(locals())
    from lossbench import runner  # brings the engine: not for --help

    return runner.regularize(
        cast(RegularizeConfig, opt.read(KIND, given)),
        command=opt.command_line(),
        mode=opt.mode(quiet, json),
        strict=strict,
        force=force,
    )
