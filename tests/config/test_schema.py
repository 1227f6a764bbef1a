"""The shapes and bounds of the configs, and the JSON schema that editors get."""

import math
from pathlib import Path

import jsonschema
import pytest
import yaml
from pydantic import BaseModel, ValidationError

from lossbench.config.commands.compare import CompareConfig
from lossbench.config.commands.regularize import RegularizeConfig
from lossbench.config.commands.train import TrainConfig
from lossbench.config.load import load
from lossbench.config.schema import CONFIGS, json_schema
from lossbench.scalars import Loader

CONFIG_FILES = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ({"data": "titanic"}, {"data": {"name": "titanic"}}),
        ({"data": "openml:40945"}, {"data": {"name": "openml:40945"}}),
        ({"loss": "nll"}, {"loss": {"name": "nll"}}),
        ({"loss": "my_loss.py:my_loss"}, {"loss": {"name": "my_loss.py:my_loss"}}),
        ({"loss": "focal(gamma=3, alpha=0.5)"}, {"loss": {"name": "focal", "params": {"gamma": 3, "alpha": 0.5}}}),
        ({"net": 64}, {"net": {"hidden": [64]}}),
        ({"net": [64, 32]}, {"net": {"hidden": [64, 32]}}),
        ({"net": {"hidden": 64}}, {"net": {"hidden": [64]}}),
        ({"net": {"hidden": "64,32"}}, {"net": {"hidden": [64, 32]}}),
        ({"net": {"hidden": "none"}}, {"net": {"hidden": []}}),
        ({"optim": {"lr": "1e-3"}}, {"optim": {"lr": 0.001}}),
        ({"optim": {"epochs": 1e2}}, {"optim": {"epochs": 100}}),
        ({"optim": {"batch_size": "full"}}, {"optim": {"batch_size": None}}),
        (
            {"data": {"file": "a.csv", "target": 1, "na": [-999, "?"], "drop": "a,b"}},
            {"data": {"file": "a.csv", "target": "1", "na": ["-999", "?"], "drop": ["a", "b"]}},
        ),
    ],
)
def test_a_short_form_means_its_long_one(short, long):
    assert TrainConfig(**short) == TrainConfig(**long)


@pytest.mark.parametrize(
    ("text", "is_file"),
    [
        ("a.csv", True),
        ("dir/table", True),
        ("-", True),
        ("a.csv.gz", True),
        (".\\t", True),
        ("wine", False),
        ("imbalanced-5pct", False),
    ],
)
def test_a_file_is_told_from_a_name_by_its_look(text, is_file):
    data = TrainConfig(data={"file": text, "target": "y"} if is_file else text).data
    short = CompareConfig(data=text).data[0] if not is_file else None
    assert (data.file == text) is is_file
    assert short is None or short.name == text


def test_short_forms_of_a_comparison():
    config = CompareConfig(
        data="titanic,wine", losses="ce,nll+relu,focal(gamma=3,alpha=1)+identity,a+b.py:f", lrs="1e-3,1e-2"
    )
    assert [data.name for data in config.data] == ["titanic", "wine"]
    assert [(pair.loss.name, pair.loss.params, pair.last_act) for pair in config.losses] == [
        ("ce", {}, "auto"),
        ("nll", {}, "relu"),
        ("focal", {"gamma": 3, "alpha": 1}, "identity"),
        ("a+b.py:f", {}, "auto"),
    ]
    assert config.lrs == [0.001, 0.01]


def test_a_part_given_in_part_keeps_its_other_defaults():
    assert CompareConfig(net={"activation": "tanh"}).net.hidden == [32, 32]
    assert CompareConfig(early_stopping={"min_delta": 0.1}).early_stopping.patience == 20
    assert RegularizeConfig(split={"seed": 1}).split.test == RegularizeConfig().split.test


def test_the_exercise_with_iris_is_not_forced_on_other_tables():
    assert RegularizeConfig().classes == ["setosa", "versicolor"]
    assert RegularizeConfig(data="moons").classes is None
    assert RegularizeConfig(data="moons").features is None
    assert RegularizeConfig(data="iris", classes=None).classes is None
    assert RegularizeConfig(classes="versicolor,virginica").features == ["sepal length (cm)", "petal length (cm)"]


@pytest.mark.parametrize("lr", [0, -1, math.nan, math.inf, -math.inf, "abc", True, None, [], "1e999"])
def test_a_learning_rate_is_a_finite_number_above_zero(lr):
    with pytest.raises(ValidationError):
        TrainConfig(optim={"lr": lr})


@pytest.mark.parametrize(
    "wrong",
    [
        {"optim": {"epochs": 0}},
        {"optim": {"epochs": 1.5}},
        {"optim": {"epochs": True}},
        {"optim": {"batch_size": 0}},
        {"optim": {"momentum": 1}},
        {"optim": {"name": "adam", "momentum": 0.9}},
        {"penalty": {"l1": -1}},
        {"net": [64, 0]},
        {"split": {"test": 0}},
        {"split": {"test": 0.5, "validation": 0.5}},
        {"seeds": 0},
        {"seed": -1},
        {"threads": 0},
        {"device": "gpu"},
        {"name": "a/b"},
        {"name": ".."},
        {"name": ""},
        {"data": {}},
        {"data": {"name": "a", "file": "b.csv", "target": "y"}},
        {"data": "a.csv"},
        {"data": {"name": "a", "decimal": ",,"}},
        {"loss": "focal(gamma)"},
        {"loss": {"params": {}}},
        {"early_stopping": {"patience": 0}},
        {"early_stopping": {"keep": "first"}},
    ],
)
def test_what_cannot_be_trained_is_refused(wrong):
    with pytest.raises(ValidationError):
        TrainConfig(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"folds": 1},
        {"repeats": 0},
        {"lrs": []},
        {"lrs": [1e-3, 1e-3]},
        {"lrs": [0]},
        {"losses": []},
        {"data": []},
        {"data": "titanic,titanic"},
        {"label_noise": [1]},
        {"label_noise": 0.1, "conditions": {"label_noise": 0.2}},
        {"conditions": {"label_noise": [0.1, 0.1]}},
        {"conditions": {"label_noise": [-0.1]}},
        {"conditions": {"imbalance_ratio": [0.5]}},
        {"conditions": {"target_noise": [-1]}},
        {"conditions": {"missing_values": [1]}},
        {"conditions": {"matrix_noise": [1]}},
        {"conditions": {"noise_matrix": [[1, 0], [0, 1]]}},
        {"conditions": {"matrix_noise": [1.1], "noise_matrix": [[1, 0], [0, 1]]}},
        {"conditions": {"hidden": [3]}},
        {"inner_folds": 1},
        {"rope": -0.1},
    ],
)
def test_what_cannot_be_compared_is_refused(wrong):
    with pytest.raises(ValidationError):
        CompareConfig(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"alphas": 1},
        {"alpha_range": [0, 1]},
        {"alpha_range": [1e-4, math.inf]},
        {"alpha_range": "1e2:1e-4"},
        {"alpha_range": "1:1"},
        {"alpha_range": [1]},
        {"penalty": []},
        {"penalty": ["l3"]},
        {"penalty": "l1,l1"},
        {"l1_ratio": 1.1},
        {"classes": ["setosa"]},
        {"classes": ["setosa", "setosa"]},
        {"features": ["a"]},
        {"features": ["a", "a"]},
        {"fps": 0},
        {"format": "avi"},
    ],
)
def test_what_cannot_be_animated_is_refused(wrong):
    with pytest.raises(ValidationError):
        RegularizeConfig(**wrong)


def _fields(model: type[BaseModel], seen=None):
    schema = model.model_json_schema()
    for part in [schema, *schema.get("$defs", {}).values()]:
        for name, field in part.get("properties", {}).items():
            yield f"{part['title']}.{name}", field


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_field_says_what_it_is(kind):
    assert [name for name, field in _fields(CONFIGS[kind]) if not field.get("description")] == []


def _valid(tree) -> bool:
    return jsonschema.Draft202012Validator(json_schema()).is_valid(tree)


def test_the_json_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("file", CONFIG_FILES, ids=lambda file: file.name)
def test_the_json_schema_accepts_the_course_s_configs(file):
    assert _valid(yaml.load(file.read_text(), Loader))


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"data": "titanic", "loss": "nll"},
        {"data": {"file": "a.csv", "target": "y"}, "net": 64, "optim": {"batch_size": None}},
        {"kind": "compare-losses", "losses": ["ce", {"loss": "nll", "last_act": "relu"}], "data": ["a", {"name": "b"}]},
        {"kind": "regularize-gif", "alpha_range": "1e-4:1e2", "penalty": "l1"},
    ],
)
def test_the_json_schema_accepts_short_forms(tree):
    assert _valid(tree)


@pytest.mark.parametrize(
    "tree",
    [
        {"lr": 1},
        {"kind": "compare"},
        {"kind": "train", "losses": ["ce"]},
        {"optim": {"lr": "fast"}},
        {"optim": {"lr": 0}},
        {"kind": "compare-losses", "folds": 1},
        {"kind": "regularize-gif", "penalty": []},
    ],
)
def test_the_json_schema_refuses_mistakes(tree):
    assert not _valid(tree)


@pytest.mark.parametrize("file", CONFIG_FILES, ids=lambda file: file.name)
def test_each_config_of_the_course_loads_and_says_how_to_run_it(file):
    config = load(file)
    assert f"lossbench {config.kind} --config configs/{file.name}" in file.read_text()


def test_the_default_configs_are_the_defaults():
    folder = CONFIG_FILES[0].parent
    assert load(folder / "train_titanic.yaml") == TrainConfig(loss="nll"), "which auto stands for on classes"
    assert load(folder / "compare_titanic.yaml") == CompareConfig()
    assert load(folder / "regularize_iris.yaml") == RegularizeConfig()


def test_the_notebook_s_comparison_has_the_notebook_s_pairs():
    folder = CONFIG_FILES[0].parent
    single = [load(file) for file in folder.glob("notebook_*.yaml")]
    compared = load(folder / "notebook.yaml")
    assert {(p.loss.name, p.last_act) for p in compared.losses} == {(c.loss.name, c.last_act) for c in single}
    assert len(compared.losses) == 8
    assert all(config.net.hidden == compared.net.hidden == [64] * 4 for config in single)
