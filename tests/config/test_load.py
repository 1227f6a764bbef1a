"""Files, `--set` and flags: which one wins, and what each mistake is told."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossbench.components.optimizers import OPTIMIZERS
from lossbench.components.penalties import PENALTIES
from lossbench.config.commands.compare import CompareConfig
from lossbench.config.commands.regularize import RegularizeConfig
from lossbench.config.commands.train import TrainConfig
from lossbench.config.load import Override, load, parse_set, to_yaml
from lossbench.errors import UserError, UserErrors


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Writes x.yaml into the working directory and returns its name."""
    monkeypatch.chdir(tmp_path)

    def write(text):
        (tmp_path / "x.yaml").write_text(text)
        return "x.yaml"

    return write


def problems(*arguments, **keywords) -> list[str]:
    with pytest.raises(UserError) as caught:
        load(*arguments, **keywords)
    errors = caught.value.errors if isinstance(caught.value, UserErrors) else [caught.value]
    return [str(error) for error in errors]


def flag(path: str, value, name: str | None = None) -> Override:
    return Override(tuple(path.split(".")), value, name or "--" + path.rsplit(".", maxsplit=1)[-1])


# --- which one wins --------------------------------------------------------------------------------------------------


def test_a_flag_overrides_set_overrides_the_file_overrides_the_default(config):
    file = config("optim: {lr: 1e-1, epochs: 7}\n")
    assert load(file).optim.lr == 0.1
    assert load(file, ["optim.lr=1e-2"]).optim.lr == 0.01
    both = load(file, ["optim.lr=1e-2"], [flag("optim.lr", "1e-3")])
    assert (both.optim.lr, both.optim.epochs, both.optim.batch_size) == (0.001, 7, 32)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "\ufeffkind: train\n"])
def test_an_empty_file_is_the_defaults(config, text):
    assert load(config(text)) == load() == TrainConfig()


def test_naming_a_part_anew_starts_it_anew(config):
    file = config("data: {file: a.csv, target: y, sep: ';'}\nloss: {name: focal, params: {gamma: 3}}\n")
    assert load(file, flags=[flag("data", "wine")]).data == TrainConfig(data="wine").data
    assert load(file, flags=[flag("loss", "nll")]).loss == TrainConfig(loss="nll").loss


def test_what_set_says_of_a_part_survives_a_flag_that_names_it():
    config = load(None, ["loss.params.gamma=2", "data.scale=quantile"], [flag("loss", "focal"), flag("data", "wine")])
    assert (config.loss.name, config.loss.params, config.data.name, config.data.scale) == (
        "focal",
        {"gamma": 2},
        "wine",
        "quantile",
    )


def test_a_key_is_laid_over_a_short_form(config):
    loaded = load(config("loss: focal\nnet: 8\n"), ["loss.params.gamma=2", "net.activation=tanh"])
    assert (loaded.loss.params, loaded.net.hidden, loaded.net.activation) == ({"gamma": 2}, [8], "tanh")


def test_a_key_is_laid_over_a_default():
    assert load(None, ["data.scale=none"]).data == TrainConfig(data={"name": "titanic", "scale": "none"}).data


def test_a_number_in_a_path_chooses_an_entry(config):
    file = config("kind: compare-losses\nlosses: [ce, {loss: nll, last_act: relu}]\n")
    loaded = load(file, ["losses.1.last_act=logsoftmax", "losses.0=mse"])
    assert [(p.loss.name, p.last_act) for p in loaded.losses] == [("mse", "auto"), ("nll", "logsoftmax")]


def test_without_a_number_every_entry_is_meant():
    loaded = load(None, ["data.scale=quantile"], [flag("data", "titanic,wine")], kind="compare-losses")
    assert [(d.name, d.scale) for d in loaded.data] == [("titanic", "quantile"), ("wine", "quantile")]


def test_what_is_said_of_files_is_not_said_of_named_tables():
    loaded = load(None, [], [flag("data", "titanic,a.csv"), flag("data.target", "y")], kind="compare-losses")
    assert [(d.name, d.file, d.target) for d in loaded.data] == [("titanic", None, None), (None, "a.csv", "y")]


def test_the_command_decides_what_a_file_without_kind_is_for(config):
    assert isinstance(load(config("seed: 1\n"), kind="compare-losses"), CompareConfig)
    assert isinstance(load(config("kind: regularize-gif\n")), RegularizeConfig)


@pytest.mark.parametrize("kind", [TrainConfig(), CompareConfig(losses="nll+relu,focal(gamma=3)"), RegularizeConfig()])
def test_a_config_written_out_is_read_back(config, kind):
    assert load(config(to_yaml(kind))) == kind


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(
    target=NAMES,
    na=st.lists(NAMES, max_size=3),
    lr=st.floats(1e-30, 1e30),
    params=st.dictionaries(NAMES, NAMES, max_size=2),
)
def test_any_names_and_numbers_survive_being_written_out(tmp_path_factory, target, na, lr, params):
    data = {"file": "a.csv", "target": target, "na": na}
    config = TrainConfig(data=data, loss={"name": "focal", "params": params}, optim={"lr": lr})
    file = tmp_path_factory.mktemp("written") / "x.yaml"
    file.write_text(to_yaml(config), encoding="utf-8")
    assert load(file) == config


STEPS = st.one_of(
    st.sampled_from(["data", "losses", "optim", "lr", "loss", "params", "name", "0", "1", "7"]),
    st.text("ab_", max_size=3),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(STEPS, min_size=1, max_size=4),
    st.text(max_size=6),
    st.sampled_from(["train", "compare-losses", "regularize-gif"]),
)
def test_any_override_is_taken_or_refused_in_words(path, value, kind):
    text = f"{'.'.join(path)}={value}"
    with contextlib.suppress(UserErrors):  # in words: nothing else may be raised
        load(None, [text], kind=kind)


@settings(max_examples=50, deadline=None)
@given(st.floats(min_value=1e-300, allow_nan=False, allow_infinity=False))
def test_any_number_is_read_as_python_reads_it(lr):
    assert load(None, [f"optim.lr={lr!r}"]).optim.lr == lr


def test_parse_set():
    assert parse_set("losses.1.last_act=relu").path == ("losses", 1, "last_act")
    assert parse_set("a=b=c").value == "b=c"
    assert parse_set("a=").value is None


# --- what each mistake is told ---------------------------------------------------------------------------------------


def one_of(entries):
    """`a, b or c`: the names of a registry as a message lists them."""
    *first, last = entries.names()
    return f"{', '.join(first)} or {last}"


CASES = {
    "unknown key": ("seeed: 3", ["x.yaml: seeed: unknown key; did you mean 'seed'? (line 1)"]),
    "unknown key below": ("optim:\n  lrr: 1", ["x.yaml: optim.lrr: unknown key; did you mean 'lr'? (line 2)"]),
    "key of another part": ("lr: 1e-3", ["x.yaml: lr: unknown key; did you mean 'optim.lr'? (line 1)"]),
    "key that is a number": ("3: 4", ["x.yaml: 3: unknown key; known are "]),
    "text for a number": ("optim: {lr: fast}", ["x.yaml: optim.lr: must be a number, got 'fast' (line 1)"]),
    "a switch for a number": ("seeds: true", ["x.yaml: seeds: must be a whole number, got true (line 1)"]),
    "nothing for a number": ("seeds:", ["x.yaml: seeds: must be a whole number, got null (line 1)"]),
    "a fraction of an epoch": (
        "optim: {epochs: 1.5}",
        ["x.yaml: optim.epochs: must be a whole number, got 1.5 (line 1)"],
    ),
    "out of bounds": ("optim: {lr: 0}", ["x.yaml: optim.lr: must be > 0, got 0 (line 1)"]),
    "infinite": ("optim: {lr: .inf}", ["x.yaml: optim.lr: must be a finite number, got inf (line 1)"]),
    "epochs": ("optim: {epochs: 0}", ["x.yaml: optim.epochs: must be >= 1, got 0 (line 1)"]),
    "no such choice": (
        "optim: {name: adm}",
        [f"x.yaml: optim.name: must be {one_of(OPTIMIZERS)}, got 'adm'; did you mean 'adam'? (line 1)"],
    ),
    "on is text": ("data: {name: a, dates: on}", ["x.yaml: data.dates: must be true or false, got 'on' (line 1)"]),
    "list for a part": ("optim: [1]", ["x.yaml: optim: must be a mapping of keys, got [1] (line 1)"]),
    "number for data": (
        "data: 3",
        ["x.yaml: data: must be a data set's name, a file, or a mapping of keys, got 3 (line 1)"],
    ),
    "file without target": (
        "data: a.csv",
        ["x.yaml: data: needs the name of the column of a.csv to predict (target, --target) (line 1)"],
    ),
    "loss without name": ("loss: {params: {}}", ["x.yaml: loss.name: is missing; give it as name: ... (line 1)"]),
    "device": ("device: gpu", ["x.yaml: device: must be auto, cpu, cuda, cuda:N or mps, got 'gpu' (line 1)"]),
    "run name": (
        "name: a/b",
        ["x.yaml: name: must be a plain folder name, without slashes or a leading dot, got 'a/b' (line 1)"],
    ),
    "momentum": (
        "optim: {momentum: 0.9}",
        ["x.yaml: optim.momentum: must be 0 with adam: it is a setting of sgd (line 1)"],
    ),
    "no rows left": (
        "split: {test: 0.5, validation: 0.5}",
        ["x.yaml: split.validation: must leave rows to train on: test 0.5 and validation 0.5 are all (line 1)"],
    ),
    "kind": ("kind: trian", ["x.yaml: kind: unknown kind 'trian'; did you mean 'train'?"]),
    "kind that is no text": ("kind: [train]", ["x.yaml: kind: unknown kind"]),
    "key twice": ("seed: 1\nseeds: 2\nseed: 3", ["x.yaml: the key 'seed' comes twice (line 3)"]),
    "key twice below": ("optim:\n  lr: 1\n  lr: 2", ["x.yaml: the key 'lr' comes twice (line 3)"]),
    "not a mapping": ("- 1\n- 2", ["x.yaml: must be a mapping of keys (key: value)"]),
    "just a word": ("hello", ["x.yaml: must be a mapping of keys (key: value)"]),
    "tab": ("optim:\n\tlr: 1", ["x.yaml: found character '\\t' that cannot start any token (line 2)"]),
    "open bracket": ("a: [1, 2", ["x.yaml: "]),
    "object": ("loss: !!python/name:os.system", ["x.yaml: the tag"]),
    "losses": (
        "kind: compare-losses\nlosses:\n  - ce\n  - {loss: nll, last_actt: relu}",
        ["x.yaml: losses.1.last_actt: unknown key; did you mean 'last_act'? (line 4)"],
    ),
    "folds": ("kind: compare-losses\nfolds: 1", ["x.yaml: folds: must be >= 3, got 1 (line 2)"]),
    "no rates": ("kind: compare-losses\nlrs: []", ["x.yaml: lrs: needs at least 1 value, got 0 (line 2)"]),
    "table twice": ("kind: compare-losses\ndata: [wine, wine]", ["x.yaml: data: must not have wine twice (line 2)"]),
    "alphas": ("kind: regularize-gif\nalphas: 1", ["x.yaml: alphas: must be >= 2, got 1 (line 2)"]),
    "reversed": (
        "kind: regularize-gif\nalpha_range: [1, 0.1]",
        ["x.yaml: alpha_range: must run from low to high, got 1:0.1 (line 2)"],
    ),
    "penalty": (
        "kind: regularize-gif\npenalty: [l1, l3]",
        [f"x.yaml: penalty.1: must be {one_of(PENALTIES)}, got 'l3' (line 2)"],
    ),
    "one class": (
        "kind: regularize-gif\nclasses: [a]",
        ["x.yaml: classes: must name at least 2 classes, got ['a'] (line 2)"],
    ),
    "one feature": (
        "kind: regularize-gif\nfeatures: [a]",
        ["x.yaml: features: must be two columns or pca, got ['a'] (line 2)"],
    ),
    "several at once": (
        "seeed: 3\noptim:\n  lr: -1\n  epochs: 0\nnet: {hidden: [a]}\n",
        [
            "x.yaml: net.hidden.0: must be a whole number, got 'a' (line 5)",
            "x.yaml: optim.lr: must be > 0, got -1 (line 3)",
            "x.yaml: optim.epochs: must be >= 1, got 0 (line 4)",
            "x.yaml: seeed: unknown key; did you mean 'seed'? (line 1)",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_in_a_file_is_told_where_what_and_what_to_do(config, case):
    text, expected = CASES[case]
    found = problems(config(text))
    assert len(found) == len(expected)
    for line, start in zip(found, expected, strict=True):
        assert line.startswith(start)
        assert "\n" not in line


def test_a_misspelt_key_reads_as_the_documentation_says(config):
    assert problems(config("ouput: runs"))[0].startswith("x.yaml: ouput: unknown key; did you mean 'output'?")


def test_a_file_for_another_command_is_refused(config):
    found = problems(config("seed: 1\nkind: compare-losses\n"), kind="train")
    assert found == [
        "x.yaml: kind: the file is for `lossbench compare-losses` (line 2); run that, or give train a file of its own"
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.write_bytes(b"a: \xff"), "is not UTF-8 text (byte 3)"),
        (lambda path: path.write_bytes(b"a: \x00"), "is not YAML"),
        (lambda path: path.write_text("[" * 1500), ""),
        (lambda path: path.write_text("a: " + "9" * 5000), ""),
    ],
    ids=["missing", "folder", "latin-1", "NUL", "deep", "long number"],
)
def test_what_is_no_config_file_is_one_line(tmp_path, make, message):
    path = tmp_path / "x.yaml"
    make(path)
    found = problems(path)
    assert len(found) == 1
    assert found[0].startswith(f"{path}: {message}")


def test_aliases_that_multiply_are_answered_at_once(config):
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]" for i in range(1, 30)]
    found = problems(config("\n".join(lines)))
    assert found == ["x.yaml: has more than 20000 values (line 1)"]


def test_merge_keys_that_multiply_are_answered_at_once(config):
    lines = ["a0: &a0 {x: 1}"] + [f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}" for i in range(1, 40)]
    assert problems(config("\n".join(lines))) == ["x.yaml: has more than 20000 values (line 1)"]


def test_an_alias_that_holds_itself_is_refused(config):
    assert problems(config("a: &a [*a]")) == ["x.yaml: has more than 20000 values (line 1)"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("loss: {{ loss }}", "a key must be text; is this a template that was not filled in? (line 1)"),
        ("seed: 1\n? [a, b]\n: 2", "a key must be text; is this a template that was not filled in? (line 2)"),
        *(
            (f"seed: {value}", f"the tag 'tag:yaml.org,2002:{tag}' is not allowed (line 1)")
            for tag, value in [
                ("float", "!!float foo"),
                ("int", "!!int foo"),
                ("bool", "!!bool foo"),
                ("timestamp", "!!timestamp 2001-99-99"),
                ("binary", "!!binary ß"),
                ("set", "!!set {a, b}"),
                ("omap", "!!omap [a]"),
                ("python/name:os.system", "!!python/name:os.system x"),
            ]
        ),
        ("seed: !mine 3", "the tag '!mine' is not allowed (line 1)"),
        ("a: " + "[" * 30 + "]" * 30, "is nested deeper than 20 levels (line 1)"),
    ],
)
def test_yaml_that_no_config_needs_is_refused_in_one_line(config, text, message):
    assert problems(config(text)) == [f"x.yaml: {message}"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("optim.lr=-1", "--set optim.lr: must be > 0, got -1"),
        ("optim.lrr=1", "--set optim.lrr: unknown key; did you mean 'lr'?"),
        ("optim={lrr: 1}", "--set optim: unknown key; did you mean 'lr'?"),
        ("lr", "--set lr: must be written key=value or part.key=value"),
        (".a=1", "--set .a=1: must be written key=value or part.key=value"),
        ("losses.0=ce", "--set losses.0: losses is null and has no 0; give losses first"),
        ("data.5.name=a", "--set data.5.name: data has no entry 5; it has 0 to 0"),
        ("optim=3", "--set optim: must be a mapping of keys, got 3"),
        ("seed.a=1", "--set seed.a: seed is 0 and has no 'a'; seed is one value, without keys"),
    ],
)
def test_a_mistake_in_set_is_told_where_what_and_what_to_do(text, message):
    assert problems(None, [text], kind="compare-losses") == [message]


def test_a_mistake_in_a_flag_names_the_flag_and_comes_with_the_others(config):
    found = problems(config("seeds: 0"), ["optim.epochs=0"], [flag("optim.lr", "abc"), flag("data", "a.csv", "--data")])
    assert sorted(found) == [
        "--data: needs the name of the column of a.csv to predict (target, --target)",
        "--lr: must be a number, got 'abc'",
        "--set optim.epochs: must be >= 1, got 0",
        "x.yaml: seeds: must be >= 1, got 0 (line 1)",
    ]


def test_a_file_of_several_documents_is_told_where_the_second_begins(tmp_path):
    (tmp_path / "x.yaml").write_text("seed: 1\n---\nseed: 2\n")
    with pytest.raises(UserError) as error:
        load(tmp_path / "x.yaml")
    assert str(error.value).endswith("x.yaml: holds several documents (line 2); leave one of them, without --- between")


def test_a_wrong_kind_is_told_with_its_line(tmp_path):
    (tmp_path / "x.yaml").write_text("seed: 1\nkind: trian\n")
    with pytest.raises(UserError) as error:
        load(tmp_path / "x.yaml")
    assert str(error.value).endswith("x.yaml: kind: unknown kind 'trian'; did you mean 'train'? (line 2)")
