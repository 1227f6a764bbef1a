"""The commands that train nothing: what there is, explain, config, and what is handed on."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from lossbench.catalog.activations import ACTIVATIONS
from lossbench.catalog.loss import LOSSES
from lossbench.catalog.loss_groups import families
from lossbench.catalog.metrics import METRICS
from lossbench.cli.explain import explain
from lossbench.config.commands.compare import CompareConfig
from lossbench.config.commands.train import TrainConfig
from lossbench.config.data import DataConfig
from lossbench.config.load import load
from lossbench.config.parts import LossConfig
from lossbench.data.datasets.catalogue import datasets
from lossbench.report.terminal import listing

CONFIG_FOLDER = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("losses", LOSSES.names()),
        ("activations", ACTIVATIONS.names()),
        ("metrics", METRICS.names()),
        ("penalties", ["l1", "l2", "elasticnet"]),
        ("datasets", [one.name for one in datasets()]),
    ],
)
def test_a_listing_has_a_plain_line_for_each_name(lossbench, command, names):
    code, out, errors = lossbench(command)
    assert (code, errors) == (0, [])
    assert "\x1b" not in out
    assert [line.split()[0] for line in out.splitlines()[1:]] == names
    listed = json.loads(lossbench(command, "--json")[1])
    assert [next(iter(row.values())) for row in listed] == names


def test_a_listing_may_be_of_one_task(lossbench):
    _, out, _ = lossbench("losses", "--task", "regression")
    names = [line.split()[0] for line in out.splitlines()[1:]]
    assert names == [loss.name for loss in LOSSES if "regression" in loss.tasks]
    assert "nll" not in names


@pytest.mark.parametrize("command", ["losses", "activations", "metrics", "penalties", "datasets"])
def test_on_a_terminal_a_listing_fits_80_columns(lossbench, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(listing.sys.stdout, "isatty", lambda: True)
    _, out, _ = lossbench(command)
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in out.splitlines()) <= 80


def test_brackets_in_a_row_are_no_markup(lossbench, capsys, monkeypatch):
    monkeypatch.setattr(listing.sys.stdout, "isatty", lambda: True)
    listing.show([{"a": "[bold]", "b": "[0, 1]", "c": "x[/]y"}], below=("c",))
    out = capsys.readouterr().out
    assert "[bold]" in out
    assert "[0, 1]" in out
    assert "x[/]y" in out


def test_explain_a_loss(lossbench):
    code, out, _ = lossbench("explain", "nll")
    loss = LOSSES.get("nll")
    assert code == 0
    assert out.splitlines()[0] == "nll"
    for message in (loss.formula, loss.estimates, loss.reference, *loss.pitfalls):
        assert " ".join(message.split()) in out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("relu", "no gradient below 0"),
        ("acc", "Share of rows whose class is predicted correctly"),
        ("titanic", "714 rows, 4 features, 2 classes"),
        ("focal", "averaged over the samples; class_weight multiplies each sample's value"),
        ("dice", "one value of all rows of a batch together, no mean over samples"),
    ],
)
def test_every_name_is_explained(lossbench, name, message):
    code, out, _ = lossbench("explain", name)
    assert code == 0
    assert message in out


def test_a_pair_s_reason_follows_from_its_formula(lossbench):
    out = lossbench("explain", "kl_div", "relu")[1]
    assert "sum_k t_k (log t_k - x_k)" in out
    assert "for a one-hot target sum t (log t - x) is -x_y" in out


def test_on_a_terminal_losses_are_folded_by_family_unless_one_or_all_are_wanted(lossbench, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(listing.sys.stdout, "isatty", lambda: True)
    folded = plain(lossbench("losses")[1])
    assert len(folded.splitlines()) < len(LOSSES) / 2
    assert set(LOSSES.names()) <= set(re.findall(r"\w+", folded))
    (robust,) = (family for family in families() if family.name == "robust")
    brief = plain(lossbench("losses", "--family", "robust")[1]).splitlines()
    assert [line.split()[0] for line in brief[1:-1]] == [loss.name for loss in robust.losses], "a head and a foot"
    assert len(lossbench("losses", "--wide")[1].splitlines()) > 3 * len(LOSSES)


def test_a_family_without_losses_for_the_task_is_not_listed(lossbench, monkeypatch):
    monkeypatch.setattr(listing.sys.stdout, "isatty", lambda: True)
    out = plain(lossbench("losses", "--task", "regression")[1])
    assert "robust" not in out
    assert "tukey" in out
    assert "cross_entropy" not in out


def test_a_family_is_a_filter_in_a_pipe_and_an_unknown_one_a_mistake(lossbench):
    code, out, _ = lossbench("losses", "--family", "overlap", "--json")
    assert [row["loss"] for row in json.loads(out)] == ["dice", "tversky", "focal_tversky", "soft_f1"]
    code, _, (line,) = lossbench("losses", "--family", "robst")
    assert code == 2
    assert "unknown family 'robst'; did you mean 'robust'?" in line


def test_a_family_that_serves_no_such_task_says_so(lossbench):
    code, _, (line,) = lossbench("losses", "--family", "robust", "--task", "regression")
    assert code == 2
    assert "robust has no loss for regression" in line


def plain(text: str) -> str:
    """Without the terminal's colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_of_many_unknown_names_a_few_are_listed_and_where_the_others_are(lossbench):
    _, _, (line,) = lossbench("explain", "zzzz")
    assert line.endswith("more (`lossbench losses`)")
    assert "kldiv" not in line
    assert len(line) < 160


def test_explain_a_pair(lossbench):
    code, out, _ = lossbench("explain", "nll", "relu")
    assert code == 0
    assert "broken (binary, multiclass, ordinal)" in out
    assert "use logsoftmax" in out


@pytest.mark.parametrize("loss", LOSSES.names())
def test_every_loss_and_pair_can_be_explained(loss, capsys):
    for activation in [None, *ACTIVATIONS.names()]:
        explain(loss, activation)
        out = capsys.readouterr().out.splitlines()
        assert out[0] == (f"{loss} + {activation}" if activation else loss)
        assert len(out) > 4


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("explain hings", "unknown loss 'hings'; did you mean 'hinge'?"),
        ("explain nll rleu", "unknown activation 'rleu'; did you mean 'relu'?"),
        ("explain nll relu --task regresion", "--task: unknown task 'regresion'; did you mean 'regression'?"),
        ("losses --task regresion", "--task: unknown task 'regresion'; did you mean 'regression'?"),
        ("datasets --task x", "--task: unknown task 'x'; known are binary, multiclass, ordinal, regression"),
        ("config show --kind compare", "--kind: unknown kind 'compare'; did you mean 'compare-losses'?"),
        ("config show nope.yaml", "nope.yaml: no such file; name a YAML file; `lossbench config show` prints one"),
    ],
)
def test_a_mistake_is_a_line_and_exit_code_2(lossbench, line, error):
    assert lossbench(*line.split()) == (2, "", [f"error: {error}"])


def test_config_show_writes_what_is_read_back(lossbench, tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text(lossbench("config", "show", "--set", "optim.lr=3e-4")[1])
    assert load(file) == TrainConfig(optim={"lr": 3e-4})
    file.write_text(lossbench("config", "show", "--kind", "compare-losses")[1])
    assert load(file) == CompareConfig()


def test_config_schema_is_json_schema(lossbench):
    jsonschema.Draft202012Validator.check_schema(json.loads(lossbench("config", "schema")[1]))


def test_config_check_checks_every_file(lossbench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("good.yaml").write_text("kind: compare-losses\n")
    Path("bad.yaml").write_text("ouput: x\nseeds: 0\n")
    code, out, errors = lossbench("config", "check", "good.yaml", "bad.yaml", "missing.yaml")
    assert code == 2
    assert out == "good.yaml: fine, for `lossbench compare-losses`\n"
    assert [error.split(": ")[1:3] for error in errors] == [
        ["bad.yaml", "seeds"],
        ["bad.yaml", "ouput"],
        ["missing.yaml", "no such file; name a YAML file; `lossbench config show` prints one"],
    ]


def test_config_check_knows_the_names(lossbench, tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("loss: {name: focal, params: {gama: 2}}\nlast_act: rleu\nmetric: acuracy\ndata: titanc\n")
    code, out, errors = lossbench("config", "check", str(file))
    assert (code, out) == (2, "")
    for name in ("gamma", "relu", "accuracy", "titanic"):
        assert any(error.startswith(f"error: {file}: ") and f"did you mean {name!r}?" in error for error in errors)


@pytest.mark.parametrize("file", sorted(CONFIG_FOLDER.glob("*.yaml")), ids=lambda file: file.name)
def test_the_course_s_configs_name_what_there_is(lossbench, file):
    code, out, errors = lossbench("config", "check", str(file))
    assert (code, errors) == (0, [])
    assert out.startswith(f"{file}: fine")


def test_explain_takes_a_loss_with_its_parameters(lossbench):
    message = lossbench("explain", "focal(gamma=0)")[1]
    assert message.startswith("focal(gamma=0)")
    assert lossbench("explain", "focal", "--loss-param", "gamma=0")[1] == message


def test_the_doctor_is_short_says_why_and_answers_with_its_exit_code(lossbench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(
        "def rounded(out, target):\n    return (out.round() - target).pow(2).squeeze(-1)\n"
        "def broadcast(out, target):\n    return (out.squeeze(-1) - target).pow(2).mean(-1)\n"
    )
    code, out, _ = lossbench("doctor", "focal(gamma=0)")
    assert code == 0
    assert len(out.splitlines()) < 35  # a page of a terminal
    flags = ["--task", "binary", "--target-encoding", "probability", "--decode", "sigmoid"]
    code, out, _ = lossbench("doctor", "mine.py:rounded", *flags)
    assert code == 1
    assert out.startswith("rounded\n")
    assert "the gradient is zero everywhere" in " ".join(out.split())
    assert "not examined: the net" in out
    code, out, _ = lossbench("doctor", "mine.py:broadcast", *flags)
    assert code == 1
    assert "every target is compared with every row's output" in " ".join(
        lossbench("doctor", "mine.py:broadcast", *flags, "--json")[1].split()
    )
    code, _, errors = lossbench("doctor", "mine.py:rounded", *flags[:-1], "logit")
    assert code == 2
    assert "--decode: unknown value 'logit'" in errors[0]
    assert "sigmoid, signed_probability, softmax" in errors[0]


def test_what_other_commands_hand_on(lossbench, handed):
    lossbench("report", "outputs/a")
    lossbench("predict", "outputs/a", "new.csv", "--out", "p.csv")
    lossbench(
        "predict", "r", "new.csv", "--member", "2", "--na", "?,-", "--last-act", "a.py:f", "--date-format", "d=%d.%m.%Y"
    )
    lossbench("doctor", "a.py:f", "--task", "binary", "--target-encoding", "sign", "--decode", "margin", "--json")
    lossbench("doctor", "focal(gamma=1)", "--loss-param", "alpha=0.5", "--verbose")
    lossbench("data", "mine.csv", "--target", "y", "--sep", ";")
    assert handed == [
        ("report", (Path("outputs/a"), None), {}),
        (
            "predict",
            (Path("outputs/a"), Path("new.csv"), Path("p.csv")),
            {"member": None, "reading": {}, "last_act": None, "decode": None},
        ),
        (
            "predict",
            (Path("r"), Path("new.csv"), None),
            {
                "member": 2,
                "reading": {"na": ["?", "-"], "date_formats": {"d": "%d.%m.%Y"}},
                "last_act": "a.py:f",
                "decode": None,
            },
        ),
        (
            "doctor",
            (LossConfig(name="a.py:f", target_encoding="sign", decode="margin"),),
            {"task": "binary", "as_json": True, "verbose": False},
        ),
        (
            "doctor",
            (LossConfig(name="focal", params={"gamma": 1, "alpha": 0.5}),),
            {"task": None, "as_json": False, "verbose": True},
        ),
        ("describe_data", (TrainConfig(data=DataConfig(file="mine.csv", target="y", sep=";")),), {}),
    ]


def test_the_glossary_has_every_term_with_its_reference(lossbench):
    from lossbench.catalog.describe.terms import TERMS

    code, out, _ = lossbench("explain", "terms")
    assert code == 0
    assert len(out.splitlines()) == 1 + len(TERMS)
    for line, term in zip(out.splitlines()[1:], TERMS, strict=True):
        assert line.startswith(term.name)
        assert term.meaning in line
        assert line.endswith(term.reference)
    _, alone, _ = lossbench("explain", "ROPE")
    assert "practical equivalence" in alone


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--task regression", {one.name for one in datasets() if one.task == "regression"}),
        ("--rows 1000..1300", {one.name for one in datasets() if 1000 <= one.rows <= 1300}),
        ("--rows 40000..", {one.name for one in datasets() if one.rows >= 40_000}),
        ("--rows ..200 --task multiclass", {"iris", "wine"}),
    ],
)
def test_data_sets_are_listed_by_task_and_rows(lossbench, line, expected):
    code, out, errors = lossbench("datasets", *line.split(), "--json")
    assert (code, errors) == (0, [])
    assert {row["data"] for row in json.loads(out)} == expected


def test_all_facts_of_a_data_set_are_listed(lossbench):
    (row,) = [row for row in json.loads(lossbench("datasets", "--wide", "--json")[1]) if row["data"] == "looks"]
    assert (row["task"], row["target"], row["rarest"]) == ("ordinal", "looks", "1.0%")
    assert row["order"] == "1 < 2 < 3 < 4 < 5"
    assert row["metric"] == "quadratic_kappa"
    assert row["excluded"].startswith("belavg, abvavg: it is a part of the target; lwage, expersq: ")
    assert "ordinal" in row["suites"].split(", ")
    assert row["licence"] == "MIT (package); data: none stated"
    assert (row["file"], len(row["sha256"])) == ("beauty.csv.bz2", 64)


def test_a_missing_table_is_listed_with_the_command_that_brings_it(lossbench, tmp_path, monkeypatch):
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path))
    needs = {row["data"]: row["needs"] for row in json.loads(lossbench("datasets", "--json")[1])}
    assert (needs["titanic"], needs["moons"]) == ("", "")
    assert needs["adult"] == "lossbench datasets --fetch adult"
    assert "needs         lossbench datasets --fetch adult" in lossbench("explain", "adult")[1].splitlines()


def test_suites_are_listed_with_their_tables(lossbench):
    listed = json.loads(lossbench("datasets", "--suites", "--json")[1])
    assert [row["suite"] for row in listed][:2] == ["suite:real", "suite:small"]
    assert all(len(row["names"].split(", ")) == row["tables"] for row in listed)


def test_what_is_here_needs_no_fetch(lossbench):
    assert lossbench("datasets", "--fetch", "titanic,moons") == (
        0,
        "titanic: is here already\nmoons: is here already\n",
        [],
    )


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("--rows 5", "--rows: must be written MIN..MAX, got '5'; write 1000..50000 or ..2000"),
        ("--rows 9..5", "--rows: must be written MIN..MAX, got '9..5'; write 1000..50000 or ..2000"),
        ("--rows a..", "--rows: must be written MIN..MAX, got 'a..'; write 1000..50000 or ..2000"),
        ("--rows 1000000..", "--rows: no data set has rows in that range; widen it, or leave out --task"),
        ("--fetch adlt", "--fetch: unknown data set 'adlt'; did you mean 'adult'?"),
        ("--fetch suite:larg", "--fetch: unknown suite 'larg'; did you mean 'large'?"),
    ],
)
def test_a_mistake_about_data_sets_is_a_line(lossbench, line, error):
    assert lossbench("datasets", *line.split()) == (2, "", [f"error: {error}"])
