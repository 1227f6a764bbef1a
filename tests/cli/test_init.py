"""`init` writes a config that loads, runs, and says what was found in the table."""

import pytest
import yaml

from lossbench.config.commented import SHOWN
from lossbench.config.keys import keys
from lossbench.config.load import load
from lossbench.config.schema import CONFIGS

KINDS = list(CONFIGS)
ROWS = "size,weight,colour,answer,copy\n" + "".join(
    f"{i * 0.5},{i * 7 % 13},{['x: # {y}', 'red', ''][i % 3]},{'yes' if i % 4 < 2 else 'no'},{1 + (i % 4 < 2)}\n"
    for i in range(80)
)
FEW = {
    "train": ["--epochs", "1"],
    "compare-losses": ["--losses", "ce,hinge", "--repeats", "1", "--epochs", "1", "--lrs", "1e-2", "-j", "1"],
    "regularize-gif": ["--alphas", "2", "--grid", "20", "--format", "apng"],
}


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my table.csv").write_text(ROWS)
    return "my table.csv"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [36, 80])  # of 36 rows no batch of 32 is left
def test_the_config_of_a_table_loads_and_runs(lossbench, table, tmp_path, kind, rows):
    (tmp_path / table).write_text("".join(ROWS.splitlines(keepends=True)[: rows + 1]))
    code, out, errors = lossbench("init", table, "--target", "answer", "--for", kind)
    assert (code, errors) == (0, [])
    assert out == f"written to config.yaml; `lossbench {kind} --config config.yaml` runs it\n"
    assert lossbench("config", "check", "config.yaml") == (0, f"config.yaml: fine, for `lossbench {kind}`\n", [])
    config = load("config.yaml")
    data = config.data[0] if isinstance(config.data, list) else config.data
    assert (data.file, data.target, data.drop) == (table, "answer", ["copy"])
    assert lossbench(kind, "--config", "config.yaml", "--quiet", *FEW[kind])[0] == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["titanic", "iris"])
def test_of_a_named_set_only_the_data_differs_from_the_defaults(lossbench, tmp_path, monkeypatch, kind, name):
    monkeypatch.chdir(tmp_path)
    assert lossbench("init", *([] if name == "titanic" else [name]), "--for", kind)[0] == 0
    config, default = load("config.yaml"), load(None, (), (), kind)
    data = config.data[0] if isinstance(config.data, list) else config.data
    assert data.name == name
    differ = {key for key in type(config).model_fields if getattr(config, key) != getattr(default, key)}
    assert differ <= {"data", "classes", "features", "rest"}  # the last three follow from iris


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_stands_below_what_the_schema_says_of_it(lossbench, table, kind):
    lossbench("init", table, "--target", "answer", "--for", kind)
    with open("config.yaml") as file:
        lines = file.read().splitlines()
    told = {key.path: " ".join((key.field.description or "").split()) for key in keys(CONFIGS[kind])}
    part = ""
    for i, line in enumerate(lines):
        if line.lstrip().startswith(("#", "- ")) or not line.strip() or line.startswith("kind:"):
            continue
        key = line.strip().partition(":")[0]
        part = key if not line.startswith(" ") else part
        path = (key,) if not line.startswith(" ") else (part, key)
        above = []
        while lines[i - len(above) - 1].lstrip().startswith("#"):
            above.insert(0, lines[i - len(above) - 1].strip().removeprefix("#").strip())
        assert " ".join(above).startswith(told[path]), path
    assert max(map(len, lines)) <= 100


def test_every_key_that_is_shown_exists():
    for kind, shown in SHOWN.items():
        known = {".".join(key.path) for key in keys(CONFIGS[kind])}
        assert set(shown) <= known, kind


def test_it_says_what_was_found(lossbench, table):
    lossbench("init", table, "--target", "answer")
    with open("config.yaml") as file:
        text = file.read()
    for words in (
        "# my table: 80 rows, 4 columns beside the target, binary",
        "# column colour: text (",
        "26 gaps",
        "copy: it determines the target",
        "# note: classes of 'answer'",
        "cross_entropy, nll",
    ):
        assert words in text, words
    assert yaml.safe_load(text)["kind"] == "train"


def test_it_never_overwrites_without_force(lossbench, table, tmp_path):
    (tmp_path / "config.yaml").write_text("mine")
    code, _, errors = lossbench("init", table, "--target", "answer")
    assert (code, len(errors)) == (2, 1)
    assert "config.yaml: is there already; give another --out, or --force to overwrite it" in errors[0]
    assert (tmp_path / "config.yaml").read_text() == "mine"
    assert lossbench("init", table, "--target", "answer", "--force")[0] == 0
    assert (tmp_path / "config.yaml").read_text() != "mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["my table.csv"], "needs the name of the column of my table.csv to predict"),
        (["my table.csv", "--target", "anser"], "no column 'anser'"),
        (["nothing.csv", "--target", "a"], "nothing.csv"),
        (["titanc"], "titanc"),
        (["--for", "tran"], "--for: unknown command 'tran'; did you mean 'train'?"),
        (["my table.csv", "--target", "size", "--for", "regularize-gif"], "--for: size holds values"),
        (["--out", "no/config.yaml"], "no/config.yaml: cannot be written"),
    ],
)
def test_a_mistake_is_one_line(lossbench, table, tmp_path, arguments, message):
    code, _, errors = lossbench("init", *arguments)
    assert (code, len(errors)) == (2, 1), errors
    assert message in errors[0]
    assert [path.name for path in tmp_path.iterdir()] == [table]
