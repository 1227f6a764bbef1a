"""Flags of the experiments: each lands on its key of the config, and the help says the schema's words and defaults."""

import re
import shlex
from pathlib import Path

import pytest

from lossbench import runner
from lossbench.cli import main
from lossbench.cli.commands import COMMANDS
from lossbench.cli.flags import completion
from lossbench.config.commands.compare import CompareConfig
from lossbench.config.commands.regularize import RegularizeConfig
from lossbench.config.commands.train import TrainConfig
from lossbench.config.keys import flagged
from lossbench.config.schema import CONFIGS
from lossbench.errors import UserError

CONFIG_FOLDER = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize(
    ("command", "called", "default"),
    [
        ("train", "train", TrainConfig()),
        ("compare-losses", "compare", CompareConfig()),
        ("regularize-gif", "regularize", RegularizeConfig()),
    ],
)
def test_a_command_without_options_has_the_defaults(lossbench, handed, command, called, default):
    assert lossbench(command) == (0, "", [])
    [(name, arguments, keywords)] = handed
    assert (name, arguments) == (called, (default,))
    assert (keywords["mode"], keywords["strict"], keywords["force"]) == ("rich", False, False)


def test_train_s_flags_land_on_their_keys(lossbench, handed):
    line = """
        train --data mine.csv --target y --task binary --drop a,b --keep id --groups g --scale none --sep ; --decimal ,
        --encoding latin-1 --na ?,- --keep-na-words --allow-short-rows --drop-missing-target --min-class-rows 3
        --dates --text hash --max-bytes 9
        --loss focal --loss-param gamma=2 --loss-param alpha=1e-1 --last-act identity --penalty l1=1e-3,l2=2
        --class-weight balanced --target-weight lds --target-encoding sign --decode margin --hidden 64,32
        --activation tanh --optim sgd --lr 1e-2 --batch-size full --epochs 7 --momentum 0.9 --weight-decay 1e-4
        --schedule cosine --patience 5 --min-delta 0.1 --metric auroc --validation 0.1 --test 0.3 --split-seed 4
        --no-per-seed --seeds 3 --seed 2 --device cpu --threads 2 --output runs --name 2024
        --set early_stopping.keep=best
    """
    assert lossbench(*line.split())[0] == 0
    [(_, (config,), _)] = handed
    assert config == TrainConfig(
        data={
            "file": "mine.csv",
            "target": "y",
            "task": "binary",
            "drop": ["a", "b"],
            "keep": ["id"],
            "groups": "g",
            "scale": "none",
            "sep": ";",
            "decimal": ",",
            "encoding": "latin-1",
            "na": ["?", "-"],
            "keep_na_words": True,
            "allow_short_rows": True,
            "drop_missing_target": True,
            "min_class_rows": 3,
            "dates": True,
            "text": "hash",
            "max_bytes": 9,
        },
        loss={
            "name": "focal",
            "params": {"gamma": 2, "alpha": 0.1},
            "class_weight": "balanced",
            "target_weight": "lds",
            "target_encoding": "sign",
            "decode": "margin",
        },
        last_act="identity",
        penalty={"l1": 1e-3, "l2": 2},
        net={"hidden": [64, 32], "activation": "tanh"},
        optim={
            "name": "sgd",
            "lr": 1e-2,
            "batch_size": None,
            "epochs": 7,
            "momentum": 0.9,
            "weight_decay": 1e-4,
            "schedule": "cosine",
        },
        early_stopping={"patience": 5, "min_delta": 0.1, "keep": "best"},
        metric="auroc",
        split={"test": 0.3, "validation": 0.1, "seed": 4, "per_seed": False},
        seeds=3,
        seed=2,
        device="cpu",
        threads=2,
        output="runs",
        name="2024",
    )


def test_compare_losses_flags_land_on_their_keys(lossbench, handed):
    line = """
        compare-losses --data titanic,wine --losses ce,nll+relu,my.py:f --baseline ce --metric log_loss --folds 10
        --repeats 2 --lrs 1e-3,1e-2 --inner-folds 2 --label-noise 0,0.2 --rope 0.02 --ranks --hidden none
        --penalty l2=1e-3 --target-encoding sign --groups g --patience none --dry-run --strict --force --quiet
        --tune-params never --train-share 0.1,1
    """
    assert lossbench(*line.split())[0] == 0
    [(_, (config,), keywords)] = handed
    sign = {"target_encoding": "sign"}
    assert config == CompareConfig(
        data=[{"name": "titanic", "groups": "g"}, {"name": "wine", "groups": "g"}],
        losses=[
            {"loss": {"name": "ce", **sign}},
            {"loss": {"name": "nll", **sign}, "last_act": "relu"},
            {"loss": {"name": "my.py:f", **sign}},
        ],
        baseline="ce",
        metric="log_loss",
        folds=10,
        repeats=2,
        lrs=[1e-3, 1e-2],
        tune_params="never",
        inner_folds=2,
        label_noise=[0, 0.2],
        train_share=[0.1, 1],
        rope=0.02,
        ranks=True,
        net={"hidden": []},
        penalty={"l2": 1e-3},
        early_stopping={"patience": None},
    )
    assert {key: keywords[key] for key in ("mode", "strict", "force", "dry_run")} == {
        "mode": "quiet",
        "strict": True,
        "force": True,
        "dry_run": True,
    }


def test_regularize_gif_s_flags_land_on_their_keys(lossbench, handed):
    line = """
        regularize-gif --data iris --penalty l1,elasticnet --l1-ratio 0.3 --alphas 30 --alpha-range 1e-3:1e1 --fps 8
        --format apng --grid 100 --test 0.5 --tol 1e-6 --max-iter 50 --loss hinge --last-act identity --json
        --rest median --features
    """
    assert lossbench(*line.split(), "petal length (cm),petal width (cm)", "--classes", "versicolor,virginica")[0] == 0
    [(_, (config,), keywords)] = handed
    assert config == RegularizeConfig(
        data="iris",
        classes=["versicolor", "virginica"],
        features=["petal length (cm)", "petal width (cm)"],
        rest="median",
        penalty=["l1", "elasticnet"],
        l1_ratio=0.3,
        alphas=30,
        alpha_range=[1e-3, 1e1],
        loss="hinge",
        last_act="identity",
        split={"test": 0.5},
        tol=1e-6,
        max_iter=50,
        fps=8.0,
        format="apng",
        grid=100,
    )
    assert keywords["mode"] == "json"


def test_a_flag_wins_over_set_and_set_over_the_file(lossbench, handed, tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("optim: {lr: 1, epochs: 2, batch_size: 3}\n")
    assert (
        lossbench("train", "--config", str(file), "--set", "optim.lr=4", "--set", "optim.epochs=5", "--lr", "6")[0] == 0
    )
    optim = handed[0][1][0].optim
    assert (optim.lr, optim.epochs, optim.batch_size) == (6, 5, 3)


def test_the_runner_s_exit_code_is_the_command_s(lossbench, monkeypatch):
    monkeypatch.setattr(runner, "train", lambda *_, **__: 130)
    assert lossbench("train")[0] == 130


def test_the_command_is_kept_so_that_it_can_be_typed_again(lossbench, handed, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/bin/lossbench", "train", "--name", "two words"])
    lossbench("train")
    assert handed[0][2]["command"] == "lossbench train --name 'two words'"


@pytest.mark.parametrize(
    ("line", "errors"),
    [
        ("train --lr abc --epochs 0", ["--lr: must be a number, got 'abc'", "--epochs: must be >= 1, got '0'"]),
        ("train --loss-param gamma", ["--loss-param: must be written name=value, got 'gamma'"]),
        ("train --penalty l3=1", ["--penalty l3: unknown key; known are l1, l2"]),
        (
            "train --penalty elasticnet=1",
            ["--penalty elasticnet: unknown key; elastic net is l1 and l2 together: give both"],
        ),
        ("train --set optim=3 --epochs 2", ["--set optim: must be a mapping of keys, got 3"]),
        ("train --class-weight a=b", ["--class-weight: must give class 'a' a number > 0, got 'b'"]),
        (
            "train --seed 99999999999999999999 --seeds 99999999999 --epochs 1e12 --threads 9999",
            [
                "--epochs: must be <= 1000000, got '1e12'",
                "--seed: must be <= 4294967295, got '99999999999999999999'",
                "--threads: must be <= 1024, got '9999'",
                "--seeds: must be <= 10000, got '99999999999'",
            ],
        ),
        (
            "train --lr abc --loss hings --metric accurac",
            [
                "--lr: must be a number, got 'abc'",
                "loss: unknown loss 'hings'; did you mean 'hinge'?",
                "metric: unknown metric 'accurac'; did you mean 'accuracy'?",
            ],
        ),
        ("train --penalty l1=-1", ["--penalty l1: must be >= 0, got -1"]),
        ("train --data mine.csv", ["--data: needs the name of the column of mine.csv to predict (target, --target)"]),
        ("train --set optim.lrr=1", ["--set optim.lrr: unknown key; did you mean 'lr'?"]),
        ("train --config nope.yaml", ["nope.yaml: no such file; name a YAML file; `lossbench config show` prints one"]),
        ("train --device gpu", ["--device: must be auto, cpu, cuda, cuda:N or mps, got 'gpu'"]),
        ("train --quiet --json", ["--quiet and --json exclude each other; give one of them"]),
        ("compare-losses --folds 1", ["--folds: must be >= 3, got '1'"]),
        ("compare-losses --lrs none", ["--lrs: needs at least 1 value, got 0"]),
        ("regularize-gif --alphas 1", ["--alphas: must be >= 2, got '1'"]),
        ("regularize-gif --alpha-range 1e2:1e-4", ["--alpha-range: must run from low to high, got 100:0.0001"]),
        (
            "regularize-gif --alpha-range a:b",
            ["--alpha-range: must be two numbers as low:high, such as 1e-4:10, got 'a:b'"],
        ),
        ("regularize-gif --penalty l1,l1", ["--penalty: must not have l1 twice"]),
        (
            "train --sed 3",
            ["no such option: --sed (Possible options: --seed, --seeds, --set); see `lossbench train --help`"],
        ),
        ("explian", ["no such command 'explian'. Did you mean 'explain'?; see `lossbench --help`"]),
        ("report", ["missing argument 'RUN'; see `lossbench report --help`"]),
    ],
)
def test_a_mistake_is_a_line_and_exit_code_2(lossbench, handed, line, errors):
    code, out, sentences = lossbench(*line.split())
    assert (code, out) == (2, "")
    assert sorted(sentences) == sorted(f"error: {error}" for error in errors)
    assert handed == []


def test_an_empty_list_of_layers_is_refused_and_none_is_linear(lossbench, handed):
    code, _, (sentences,) = lossbench("train", "--hidden", "")
    assert (code, sentences) == (
        2,
        "error: --hidden: must be sizes like 64,64, or none for a linear model; got an empty text",
    )
    assert lossbench("train", "--hidden", "none")[0] == 0
    assert handed[0][1][0].net.hidden == []


def test_a_name_that_is_too_long_is_told_its_length(lossbench):
    code, _, (sentences,) = lossbench("train", "--name", "a" * 300)
    assert (code, sentences) == (2, "error: --name: must be at most 200 characters, got 300")


def test_weights_by_class_land_on_their_key(lossbench, handed):
    assert lossbench("train", "--class-weight", "no=1,yes=3")[0] == 0
    assert handed[0][1][0].loss.class_weight == {"no": 1.0, "yes": 3.0}


def test_an_error_is_printed_as_it_is(lossbench, monkeypatch):
    def fail(*_, **__):
        raise UserError("column '[bold]x[/bold]' " + "is long " * 40, where="\x1b[31ma\nb.csv")

    monkeypatch.setattr(runner, "train", fail)
    code, out, errors = lossbench("train")
    assert (code, out, len(errors)) == (2, "", 1)
    assert errors[0].startswith("error: \ufffd[31ma b.csv: column '[bold]x[/bold]' is long is long")


def test_ctrl_c_is_130(lossbench, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "train", interrupt)
    assert lossbench("train")[0] == 130


def test_a_bug_keeps_its_traceback(monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(runner, "train", fail)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        main(["train"])


# --- the help --------------------------------------------------------------------------------------------------------


def _command(name):
    return next(entry for entry in COMMANDS if entry.name == name).load()


@pytest.mark.parametrize("kind", CONFIGS)
def test_each_flag_s_help_is_its_key_s_description_and_default(kind):
    helps = {option.name: option.help for option in _command(kind).params}
    for name, (key, _) in flagged(CONFIGS[kind]).items():
        default = key.field.get_default(call_default_factory=False)
        plain = re.sub(r"\[/?dim\]|\\", "", helps[name])
        assert plain.startswith(key.field.description), (kind, name)
        shown = re.search(r"\[default: (.*)\]$", plain)
        if isinstance(default, int | float) and not isinstance(default, bool):
            assert shown, (kind, name)
            assert float(shown[1]) == default, (kind, name)


OF_A_TABLE = "data target task order drop keep categories numbers groups time weights scale target_scale"
OF_TRAINING = "optim lr batch_size epochs momentum weight_decay schedule patience min_delta"
OF_A_FILE = "sep decimal thousands encoding header columns comment skip_lines na keep_na_words allow_short_rows"
READING = f"{OF_A_FILE} drop_missing_target min_class_rows dates date_format text max_bytes"
OF_A_RUN = "seed device threads output name"
OF_A_TRAINING_RUN = OF_A_RUN.replace("device", "device kernel")


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        (
            "train",
            f"{OF_A_TABLE} loss loss_param last_act penalty class_weight target_weight target_encoding decode"
            f" recommended strict hidden activation {OF_TRAINING} metric validation test split_seed per_seed"
            f" config sets seeds {OF_A_TRAINING_RUN} force quiet json {READING}",
        ),
        (
            "compare-losses",
            f"{OF_A_TABLE} losses losses_add target_encoding decode penalty strict"
            " baseline metric folds repeats rope ranks reference conditions"
            " train_share imbalance_ratio label_noise pair_flip_noise matrix_noise noise_matrix boundary_noise"
            " instance_noise target_outliers target_noise feature_outliers missing_values stop"
            f" hidden activation lrs tune_params inner_folds select_by {OF_TRAINING}"
            f" config sets jobs scheduler isolate {OF_A_TRAINING_RUN} dry_run retry_failed force quiet json {READING}",
        ),
        (
            "regularize-gif",
            "data target classes features rest task order drop keep categories numbers weights scale test"
            " penalty alphas alpha_range l1_ratio loss loss_param last_act class_weight target_encoding decode"
            " strict hidden activation tol max_iter fps format grid"
            f" config sets {OF_A_RUN} force quiet json {READING}",
        ),
    ],
)
def test_an_experiment_has_these_flags_in_this_order(kind, parameters):
    options = {option.name: option for option in _command(kind).params}
    assert list(options) == parameters.split()
    assert options.pop("sets").opts == ["--set"]
    assert options.pop("quiet").opts == ["--quiet", "-q"]
    for name, option in options.items():
        flag = name.replace("_", "-")
        assert option.opts == [f"--{flag}", *({"jobs": ["-j"]}.get(name, []))]
        assert option.secondary_opts == (
            [f"--no-{flag}"] if name in {"recommended", "per_seed", "isolate", "header"} else []
        )


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        ("data", f"target task order drop keep categories numbers groups time weights target_scale {READING}"),
        ("init", f"target task order drop keep categories numbers groups time weights {READING}"),
        ("doctor", "loss_param target_encoding decode"),
        ("explain", "loss_param target_encoding decode"),
        ("predict", f"{OF_A_FILE} date_format max_bytes"),
    ],
)
def test_other_commands_have_flags_of_train_that_are_the_same_there(command, flags):
    theirs = {option.name: option for option in _command(command).params}
    train = {option.name: option for option in _command("train").params}
    same = [n for n, o in theirs.items() if n in train and (o.opts, o.help) == (train[n].opts, train[n].help)]
    assert same == flags.split()


def test_each_completion_that_a_flag_names_is_one():
    named = {flag.complete for config in CONFIGS.values() for _, flag in flagged(config).values()}
    for name in named:
        if isinstance(name, str):
            assert getattr(completion, name)("zzzz") == []


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_the_page_of_all_commands_has_the_first_line_of_each(entry):
    command = entry.load()
    assert command.name in {entry.name, ""}  # a group has no name of its own
    assert command.help.splitlines()[0] == entry.line


COMMAND_LINES = ["", *(entry.name for entry in COMMANDS)]


@pytest.mark.parametrize(
    "command", [*COMMAND_LINES, "config schema", "config check", "config show", "runs show", "runs diff", "runs merge"]
)
def test_help_fits_80_columns(lossbench, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, errors = lossbench(*command.split(), "--help")
    assert (code, errors) == (0, [])
    assert max(len(line) for line in out.splitlines()) <= 80


@pytest.mark.parametrize(
    "entry", [entry for entry in COMMANDS if entry.name not in {"config", "runs"}], ids=lambda entry: entry.name
)
def test_each_example_of_the_help_is_a_line_that_is_understood(lossbench, handed, entry, tmp_path, monkeypatch):
    (tmp_path / "mine.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    examples = [line.strip() for line in entry.load().help.split("Examples:")[1].splitlines() if line.strip()]
    assert examples
    for example in examples:
        code, _, errors = lossbench(*shlex.split(example)[1:])
        assert (code, errors) == (0, []), example


def test_lossbench_alone_is_its_help(lossbench):
    code, out, errors = lossbench()
    assert (code, errors) == (0, [])
    assert "compare-losses" in out


def test_version(lossbench):
    assert lossbench("--version") == (0, "lossbench 0.1.0\n", [])
