"""One grammar of names with parameters and of pairs, at every door."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossbench.calls import Call, name_in, read_call, read_pair
from lossbench.catalog.metrics import METRICS
from lossbench.catalog.plugins.resolve import find_loss
from lossbench.config.load import load
from lossbench.errors import UserError

NAMES = st.from_regex(r"[a-z][a-z_.0-9]{0,10}(\.py:[a-z]{1,5})?", fullmatch=True)
VALUES = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans())
PARAMS = st.dictionaries(st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True), VALUES, max_size=3)


@given(NAMES, PARAMS)
def test_what_is_written_is_read_again(name, params):
    text = f"{name}({', '.join(f'{key}={value!r}' for key, value in params.items())})"
    assert read_call(text) == Call(name, params)
    assert name_in(text) == name
    assert read_pair(f"{text}+relu") == (text, "relu")
    assert read_pair(text) == (text, "")


@pytest.mark.parametrize(
    ("text", "pair"),
    {
        "nll+relu": ("nll", "relu"),
        "nll + nn.LogSoftmax(dim=1)": ("nll", "nn.LogSoftmax(dim=1)"),
        "focal(gamma=1e+3)": ("focal(gamma=1e+3)", ""),
        "my+loss.py:f": ("my", "loss.py:f"),  # the grammar cannot know: rename the file
        "dir/a.py:f+tanh": ("dir/a.py:f", "tanh"),
        "+relu": ("+relu", ""),
        "nll+": ("nll+", ""),
    }.items(),
)
def test_a_pair_ends_in_the_name_of_an_activation(text, pair):
    if text == "my+loss.py:f":
        assert read_pair(text) == (text, "")  # an activation's name has no colon
    else:
        assert read_pair(text) == pair


@pytest.mark.parametrize("text", ["focal(3)", "focal(gamma=1, gamma=2)", "focal(=3)"])
def test_what_is_no_parameter_is_refused_at_every_door(text):
    with pytest.raises(UserError, match=r"name=value|comes twice"):
        find_loss(text)
    with pytest.raises(UserError, match=r"name=value|comes twice"):
        load(kind="train", sets=[f"loss={text}"])
    with pytest.raises(UserError, match=r"name=value|comes twice"):
        METRICS.get(text.replace("focal", "pinball").replace("gamma", "quantile"))


SAME = {  # ways to write one config
    "pair": ['loss="focal(gamma=3)+tanh"'],
    "two keys": ["loss=focal(gamma=3)", "last_act=tanh"],
    "a mapping whose name is a call": ["loss={name: focal(gamma=3)}", "last_act=Tanh()"],
    "all keys": ["loss.name=focal", "loss.params.gamma=3", "last_act=tanh"],
}


@pytest.mark.parametrize("way", SAME)
def test_every_way_to_write_a_pair_is_one_config(way):
    config = load(kind="train", sets=SAME[way])
    assert (config.loss.name, config.loss.params) == ("focal", {"gamma": 3})
    assert config.last_act.lower().startswith("tanh")


@pytest.mark.parametrize("kind", ["train", "regularize-gif"])
def test_two_last_activations_are_refused(kind):
    with pytest.raises(UserError, match=r"nll\+relu names a last activation, and last_act is tanh; give one of them"):
        load(kind=kind, sets=["loss=nll+relu", "last_act=tanh"])
    assert load(kind=kind, sets=["loss=nll+relu", "last_act=relu"]).last_act == "relu"


def test_a_comparison_takes_the_same():
    config = load(
        kind="compare-losses", sets=["losses=[NLLLoss+LogSoftmax, {name: HuberLoss, params: {delta: 2}}, ce]"]
    )
    assert [(pair.loss.name, pair.last_act) for pair in config.losses or []] == [
        ("nll", "LogSoftmax"),
        ("huber", "auto"),
        ("ce", "auto"),
    ]
    assert config.losses[1].loss.params == {"delta": 2}


def test_class_weights_come_once():
    config = load(kind="train", sets=["loss=CrossEntropyLoss(weight=[1, 3], label_smoothing=0.1)"])
    assert config.loss.model_dump(include={"name", "params", "class_weight"}) == {
        "name": "cross_entropy",
        "params": {"label_smoothing": 0.1},
        "class_weight": [1.0, 3.0],
    }
    with pytest.raises(UserError, match="has class weights twice"):
        load(kind="train", sets=["loss=CrossEntropyLoss(weight=[1, 3])", "loss.class_weight=balanced"])
    for wrong in ("1,-3", "1,nan", "[0, 1]", "1,x"):
        with pytest.raises(UserError, match="a number > 0"):
            load(kind="train", sets=[f"loss.class_weight={wrong}"])
