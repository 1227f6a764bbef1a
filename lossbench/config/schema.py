"""The configs of the three commands. `kind` says which one a file is for; without it, it is for `lossbench train`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from lossbench.config.commands.compare import CompareConfig
from lossbench.config.commands.regularize import RegularizeConfig
from lossbench.config.commands.train import TrainConfig

Command = Literal["train", "compare-losses", "regularize-gif"]


Config = TrainConfig | CompareConfig | RegularizeConfig

CONFIGS: dict[Command, type[Config]] = {
    "train": TrainConfig,
    "compare-losses": CompareConfig,
    "regularize-gif": RegularizeConfig,
}


def json_schema() -> dict[str, Any]:
    """The JSON schema of a config file of any kind, short forms included, for editors.

    A file without `kind` is one for `train`: so the other two must have it, or such a file would fit all three.
    """
    schema = TypeAdapter(Annotated[Config, Field(discriminator="kind")]).json_schema(mode="validation")
    del schema["discriminator"]  # says that every file must have a kind
    for config in (CompareConfig, RegularizeConfig):
        schema["$defs"][config.__name__]["required"] = ["kind"]
    # A condition may stand at the top, too.
    schema["$defs"]["CompareConfig"]["properties"] |= schema["$defs"]["ConditionsConfig"]["properties"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "lossbench config",
        **_with_bounds(schema),
    }


_BOUNDS = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}


def _with_bounds(node: Any) -> Any:
    """The bounds of values that are read from text first, which pydantic leaves under its own names."""
    if isinstance(node, dict):
        return {_BOUNDS.get(k, k) if isinstance(v, int | float) else k: _with_bounds(v) for k, v in node.items()}
    return [_with_bounds(entry) for entry in node] if isinstance(node, list) else node
