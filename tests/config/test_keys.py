"""Keys and flags: one declaration of a key, and everything that knows keys knows it."""

from typing import Annotated

import jsonschema
import pytest
from pydantic import Field

from lossbench.cli.flags import options
from lossbench.config.commands.train import TrainConfig
from lossbench.config.flag import NET, TRAINING, Flag
from lossbench.config.keys import flagged, keys
from lossbench.config.load import load, to_yaml
from lossbench.config.parts import NetConfig
from lossbench.config.problems import nearest_key
from lossbench.config.schema import CONFIGS, json_schema
from lossbench.errors import UserErrors

# Keys with no flag: they are for files and --set. A key of yours that needs no flag joins them here.
WITHOUT_A_FLAG = {
    "train": "kind data.name data.file loss.name net optim penalty.* early_stopping early_stopping.keep split",
    "compare-losses": "kind data.name data.file losses.loss losses.loss.name losses.loss.params"
    " losses.loss.class_weight losses.loss.target_weight losses.last_act losses_add.loss"
    " losses_add.loss.name losses_add.loss.params"
    " losses_add.loss.class_weight losses_add.loss.target_weight losses_add.loss.target_encoding"
    " losses_add.loss.decode losses_add.last_act"
    " net optim penalty.* early_stopping intervals",
    "regularize-gif": "kind data.name data.file data.groups data.time data.target_scale loss.name loss.target_weight"
    " net split split.seed",
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_key_has_a_flag_or_is_known_to_have_none(kind):
    bare = [".".join(key.path) for key in keys(CONFIGS[kind]) if key.flag is None]
    bare = ["penalty.*" if path.startswith("penalty.") else path for path in bare]  # one for each declared penalty
    assert sorted(set(bare)) == sorted(WITHOUT_A_FLAG[kind].split())


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_flag_stands_for_one_key(kind):
    declared = [key for key in keys(CONFIGS[kind]) if key.flag is not None]
    assert len(flagged(CONFIGS[kind])) == len(declared), "two keys have a flag of the same name"


def test_a_flag_stands_behind_one_that_there_is():
    flags = [flag for config in CONFIGS.values() for _, flag in flagged(config).values()]
    assert {flag.after for flag in flags} - {""} <= {flag.name for flag in flags}


def _resolved(node, definitions):
    """Every mapping of properties that a node of a JSON schema allows."""
    if "$ref" in node:
        node = definitions[node["$ref"].rpartition("/")[2]]
    inner = [*node.get("anyOf", []), *([node["items"]] if "items" in node else [])]
    return [node, *(found for one in inner for found in _resolved(one, definitions))]


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_key_is_in_the_json_schema(kind):
    definitions = json_schema()["$defs"]
    for key in keys(CONFIGS[kind]):
        nodes = [definitions[CONFIGS[kind].__name__]]
        for step in key.path:
            nodes = [found for node in nodes for found in _resolved(node, definitions)]
            nodes = [node["properties"][step] for node in nodes if step in node.get("properties", {})]
        assert nodes, (kind, key.path)


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_key_is_known_to_set_and_no_other_is(kind):
    for key in keys(CONFIGS[kind]):
        path = ".".join(key.path)
        pairs = path.partition(".")[0]
        sets = [f"{pairs}=ce,nll"] if pairs in {"losses", "losses_add"} and path != pairs else []
        assert not any("unknown key" in line for line in _problems(kind, [*sets, f"{path}=[]"])), path
        assert any("unknown key" in line for line in _problems(kind, [*sets, f"{path}_=[]"])), path


def _problems(kind, sets):
    try:
        load(kind=kind, sets=sets)
    except UserErrors as found:
        return [str(error) for error in found.errors]
    return []


# --- a new key -------------------------------------------------------------------------------------------------------


class WiderNet(NetConfig):
    """A net with one more key."""

    dropout: Annotated[float, Field(ge=0, lt=1), Flag("--dropout", NET, "SHARE")] = Field(
        0.0, description="Share of the units that are excluded of a step"
    )


class NewConfig(TrainConfig):
    """A config with two more keys, one of which is in a part."""

    clip: Annotated[float | None, Flag("--clip", TRAINING, after="--lr")] = Field(
        None, description="The longest gradient"
    )
    net: WiderNet = Field(WiderNet(), description="The hidden layers")


@pytest.fixture
def new_kind(monkeypatch):
    monkeypatch.setitem(CONFIGS, "train", NewConfig)


def test_a_new_key_is_declared_in_one_place(new_kind):
    assert load(sets=["clip=2.5", "net.dropout=0.5"]).net.dropout == 0.5
    found = options.read(NewConfig, {"clip": 2.5, "dropout": 0.25})
    assert (found.clip, found.net.dropout) == (2.5, 0.25)
    assert "  dropout: 0.25\n" in to_yaml(found)
    assert "dropout" in NewConfig.model_json_schema()["$defs"]["WiderNet"]["properties"]
    assert nearest_key("dropuot", ("net",), NewConfig) == "did you mean 'dropout'?"


def test_a_new_key_s_flag_is_on_the_help_page(new_kind):
    @options.flags(NewConfig)
    def command(**given):
        """A command."""

    annotations = command.__annotations__
    flags = list(annotations)
    assert flags[flags.index("lr") + 1] == "clip"
    assert flags[flags.index("activation") + 1] == "dropout"
    option = annotations["clip"].__metadata__[0]
    assert (option.metavar, option.help, option.rich_help_panel) == ("FLOAT", "The longest gradient", TRAINING)
    share = annotations["dropout"].__metadata__[0]
    assert share.metavar == "SHARE"
    assert "Share of the units that are excluded of a step" in share.help


def test_a_flag_leaves_no_trace_in_the_json_schema():
    assert "Flag" not in str(json_schema())
    jsonschema.Draft202012Validator.check_schema(json_schema())
