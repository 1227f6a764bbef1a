"""A suite of the user's: a YAML list of data sets and tables, each as `data` of a config takes it."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError

from lossbench.config.commands.compare import CompareConfig
from lossbench.config.data import DataConfig
from lossbench.config.load import user_error
from lossbench.config.yaml_file import construct, read_nodes
from lossbench.errors import UserError, UserErrors

FIX = "write a list: - titanic, - {file: mine.csv, target: y}"


def read_suite(file: Path) -> list[DataConfig]:
    """The tables that a suite's file lists; `UserErrors` with every problem in it.

    Paths inside the file are relative to the working directory, as in a config.
    """
    entries = read_nodes(file, fix=FIX)
    if not isinstance(entries, yaml.SequenceNode) or not entries.value:
        raise UserError("must be a list of tables", where=str(file), fix=FIX)
    key = yaml.ScalarNode("tag:yaml.org,2002:str", "data", entries.start_mark, entries.end_mark)
    node = yaml.MappingNode("tag:yaml.org,2002:map", [(key, entries)], entries.start_mark, entries.end_mark)
    try:
        return CompareConfig.model_validate(construct(node, file)).data
    except ValidationError as found:
        raise UserErrors([user_error(error, CompareConfig, file, node, ()) for error in found.errors()]) from None
