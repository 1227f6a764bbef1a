"""A user's table through the command line: what is said of it, and the lines that refuse it."""

import json
import warnings
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError

import pandas as pd
import pytest
import sklearn.datasets

ROWS = [(i * i % 17, f"free text {i}", ["red", "blue"][i % 2] if i != 7 else "odd", i // 2 % 2) for i in range(60)]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "cache"))
    pd.DataFrame(ROWS, columns=["a", "comment", "colour", "y"]).to_csv("t.csv", index=False)


OPENML = [
    ("train", "--data"),
    ("compare-losses", "--data"),
    ("regularize-gif", "--data"),
    ("data",),
]


@pytest.mark.parametrize("command", OPENML, ids=lambda c: c[0])
def test_openml_without_a_network_is_one_line(lossbench, monkeypatch, command):
    def offline(**_):
        warnings.warn("retrying", UserWarning, stacklevel=2)
        raise URLError("no route to host")

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", offline)
    code, out, errors = lossbench(*command, "openml:40945")
    assert (code, out, len(errors)) == (2, "", 1)
    assert errors[0].startswith("error: openml:40945: cannot be downloaded (<urlopen error no route to host>)")


def test_openml_is_trained_on_and_kept(lossbench, monkeypatch, tmp_path):
    requested = []

    def stand_in(**options):
        requested.append(options["data_id"])
        frame = pd.read_csv("t.csv")[["a", "colour", "y"]]
        return SimpleNamespace(frame=frame, target_names=["y"], details={"name": "toy"})

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", stand_in)
    arguments = ("train", "--data", "openml:7", "--epochs", "1", "--hidden", "4", "--set", "optim.batch_size=8")
    assert lossbench(*arguments)[0] == lossbench(*arguments)[0] == 0
    assert requested == [7]
    (cached,) = tmp_path.rglob("table.csv")
    cached.write_text(cached.read_text(encoding="utf-8") + "1,red,0\n", encoding="utf-8")
    code, _, errors = lossbench(*arguments)
    assert (code, len(errors)) == (2, 1)
    assert "the cached copy was changed or is damaged" in errors[0]


def test_a_config_may_name_an_openml_set(lossbench, tmp_path):
    (tmp_path / "c.yaml").write_text("data: openml:61\n", encoding="utf-8")
    assert lossbench("config", "check", "c.yaml")[0] == 0


SMALL = ("--set", "optim.epochs=1", "--set", "optim.batch_size=8")
LEFT_OUT = "column 'comment' is excluded: it is text with"
JOINED = "column 'colour': 1 rare value joined as (rare) ('odd')"


@pytest.mark.parametrize(
    "command",
    [
        ("train", "--hidden", "4", *SMALL),
        ("compare-losses", "--losses", "bce,mse", "--folds", "3", "--repeats", "1", "--hidden", "4", *SMALL),
    ],
    ids=lambda c: c[0],
)
def test_what_is_left_out_is_said_and_recorded(lossbench, tmp_path, command):
    # colour 'odd' is a single row: by chance outside of a training part, but not of all
    data = ("--data", "t.csv", "--target", "y")
    code, out, errors = lossbench(*command, *data, "--output", "runs")
    assert code == 0, errors
    sentences = "\n".join([*errors, out])
    assert f"warning: {LEFT_OUT}" in sentences
    (result,) = tmp_path.glob("runs/*/result.json")
    record = json.loads(result.read_text(encoding="utf-8"))
    table = record["data"][0] if isinstance(record["data"], list) else record["data"]
    assert table["features"] == ["a", "colour"]
    assert any(n["level"] == "warning" and n["message"].startswith(LEFT_OUT) for n in table["notes"])
    assert any(warning.startswith(LEFT_OUT) for warning in record["warnings"])


def test_notes_are_no_warnings(lossbench):
    frame = pd.read_csv("t.csv").assign(y=lambda f: f["y"].map({0: "no", 1: "yes"}))
    frame.to_csv("t.csv", index=False, sep=";")
    code, _, errors = lossbench("train", "--data", "t.csv", "--target", "y", "--hidden", "4", *SMALL)
    assert code == 0
    assert "note: classes of 'y': no -> 0, yes -> 1" in errors
    assert "note: fields are separated by semicolons (--sep to say otherwise)" in errors
    assert any(line.startswith(f"warning: {LEFT_OUT}") for line in errors)


@pytest.mark.parametrize(
    ("cells", "loss", "line"),
    [
        (["1.5 kg", "2 kg", "3 kg"], "poisson_nll", ["'y' has text (line 2: '1.5 kg')"]),
        ([0, 1, 2, 3, 4, 5], "poisson_nll", ["'y' has 6 distinct numbers", ", or --task regression"]),
        ([i * 37 % 60 / 8 for i in range(60)], "cross_entropy", ["'y' has 60 distinct numbers"]),
    ],
)
def test_a_loss_that_does_not_suit_the_target_is_told_its_values(lossbench, cells, loss, line):
    pd.DataFrame({"a": range(0, 120, 2), "b": [i * i % 7 for i in range(60)], "y": (cells * 60)[:60]}).to_csv("u.csv")
    code, _, errors = lossbench("train", "--data", "u.csv", "--target", "y", "--loss", loss)
    assert (code, len(errors)) == (2, 1)
    assert all(part in errors[0] for part in line)


def test_predictions_name_the_member_and_go_where_they_are_asked(lossbench, tmp_path):
    assert lossbench("train", "--data", "t.csv", "--target", "y", "--seeds", "2", "--hidden", "4", *SMALL)[0] == 0
    (run,) = (tmp_path / "outputs").iterdir()
    pd.DataFrame({"a": [1, None], "colour": ["red", "mauve"]}).to_csv("new.csv", index=False)
    code, out, errors = lossbench("predict", str(run), "new.csv", "--member", "1")
    assert (code, out.splitlines()[0]) == (0, "y,P(0),P(1)")
    assert any(line.startswith("warning: column 'a': 1 gap filled with the training median") for line in errors)
    assert any(line.startswith("warning: column 'colour' has 1 value that training never saw") for line in errors)
    _, other, told = lossbench("predict", str(run), "new.csv")
    assert "note: predicted by member 0 of 2 (--member chooses another)" in told
    assert other != out
    code, _, errors = lossbench("predict", str(run), "new.csv", "--member", "5")
    assert (code, len(errors)) == (2, 1)
    assert "no member 5; it holds members 0 to 1" in errors[0]


LAYOUT = "title\n# note\n" + "".join(
    f'"{1000 + i * 37 % 900:,}",{i * 7 % 5}.5,{i // 2 % 2}\n'.replace(",5", ".5") for i in range(60)
)
HOW = ("--no-header", "--columns", '"size, mm",b,y', "--comment", "#", "--skip-lines", "1", "--thousands", ",")


@pytest.mark.parametrize(
    "command",
    [
        ("train", "--hidden", "4", *SMALL),
        ("compare-losses", "--losses", "bce,mse", "--folds", "3", "--repeats", "1", "--hidden", "4", *SMALL),
        ("regularize-gif", "--alphas", "2", "--hidden", "2", "--grid", "10", "--max-iter", "5"),
        ("data",),
    ],
    ids=lambda c: c[0],
)
def test_how_a_table_is_read_is_said_alike_at_every_command(lossbench, tmp_path, command):
    (tmp_path / "u.data").write_text(LAYOUT, encoding="utf-8")
    data = ("u.data",) if command == ("data",) else ("--data", "u.data")
    code, out, errors = lossbench(*command, *data, "--target", "y", *HOW)
    assert code == 0, errors
    assert any("column 'size, mm' has numbers with a thousands separator: line 3: '1,000'" in e for e in [*errors, out])


def test_predict_reads_new_rows_as_the_training_was_told_to(lossbench, tmp_path):
    (tmp_path / "u.data").write_text(LAYOUT, encoding="utf-8")
    told = ("--data", "u.data", "--target", "y", *HOW)
    assert lossbench("train", *told, "--hidden", "4", *SMALL)[0] == 0
    (run,) = (tmp_path / "outputs").iterdir()
    (tmp_path / "new.data").write_text('title\n"1,037",2.5\n# x\n"999",1.5\n', encoding="utf-8")  # without the target
    code, out, errors = lossbench("predict", str(run), "new.data")
    assert (code, len(out.splitlines())) == (0, 3), errors
    (tmp_path / "new.csv").write_text('b;"size, mm"\n2.5;1037\n1.5;999\n', encoding="utf-8")
    how = ("--header", "--skip-lines", "0", "--sep", ";")
    assert lossbench("predict", str(run), "new.csv", *how)[1] == out


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (("--thousands", "x"), "--thousands: must be one of , . ' _ space or none, got 'x'"),
        (("--decimal", "x"), "--decimal: must be a point or a comma, got 'x'"),
        (("--thousands", ",", "--decimal", ","), "--thousands: ',' is the decimal mark too (--decimal)"),
        (("--sep", "::"), "--sep: the separator '::' is not one character; choose , ; tab | or space"),
        (("--skip-lines", "-1"), "--skip-lines: must be >= 0, got '-1'"),
        (("--skip-lines", "some"), "--skip-lines: must be a whole number, got 'some'"),
        (("--comment", ""), "--comment: must not be empty"),
        (("--columns", "a,b"), "--columns: it names the columns of a file without a header; add --no-header"),
        (("--drop", '"a'), "--drop: must have a closing quote and a comma behind it, got '\"a'"),
        (("--drop", '"a', "--drop", "b"), "--drop: must have a closing quote and a comma behind it, got '\"a'"),
        (("--encoding", "klingon"), "t.csv: unknown encoding 'klingon'"),
    ],
)
def test_a_bad_value_of_a_reading_option_is_one_line(lossbench, flags, line):
    code, out, errors = lossbench("data", "t.csv", "--target", "y", *flags)
    assert (code, out, len(errors)) == (2, "", 1)
    assert errors[0].startswith(f"error: {line}")


@pytest.mark.parametrize(
    "flags",
    [
        ("--drop", "size, mm"),
        ("--drop", '"size, mm"'),
        ("--drop", "comment", "--drop", "size, mm"),
        ("--drop", 'comment,"size, mm"'),
    ],
)
def test_a_column_with_a_comma_in_its_name_can_be_named(lossbench, flags):
    pd.read_csv("t.csv").rename(columns={"a": "size, mm"}).to_csv("t.csv", index=False)
    code, out, errors = lossbench("data", "t.csv", "--target", "y", *flags)
    assert code == 0, errors
    assert "size" not in out
    assert ("comment" in out) == ("comment" not in " ".join(flags))


def test_weights_are_said_kept_and_not_asked_for_again(lossbench):
    pd.read_csv("t.csv").assign(w=[i % 3 for i in range(60)]).to_csv("w.csv", index=False)
    small = ("--data", "w.csv", "--target", "y", "--drop", "comment", "--weights", "w", "--batch-size", "full")
    code, out, errors = lossbench("train", *small, "--epochs", "1", "--hidden", "4", "--name", "one")
    assert code == 0
    assert "weighted by w" in out
    assert "note: 20 rows of weight 0 left out" in errors
    record = json.loads(Path("outputs/one/result.json").read_text())
    assert (record["data"]["weights"], record["data"]["rows"]) == ("w", 40)
    assert sum(record["data"]["class_totals"]) == pytest.approx(40)
    code, out, _ = lossbench("predict", "outputs/one", "t.csv")  # which has no such column
    assert (code, len(out.splitlines())) == (0, 61)
    code, _, errors = lossbench(
        "train", *small[:6], "--batch-size", "full", "--epochs", "1", "--hidden", "4", "--name", "one"
    )
    assert code == 2
    assert "holds another run, which differs in data" in errors[-1]
    code, out, _ = lossbench(
        "compare-losses",
        *small,
        "--losses",
        "ce,hinge",
        "--folds",
        "3",
        "--repeats",
        "1",
        "--epochs",
        "2",
        "--hidden",
        "4",
    )
    assert code == 0
    assert "w: weighted by w" in out
    code, out, _ = lossbench(
        "regularize-gif", *small[:8], "--features", "pca", "--alphas", "2", "--grid", "20", "--max-iter", "50"
    )
    assert code == 0
    assert "weighted by w" in out
    code, out, _ = lossbench("data", "w.csv", "--target", "y", "--weights", "w")
    assert "note: rows are weighted by 'w': 1 to 2, mean 1.5" in out
