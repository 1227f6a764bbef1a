"""YAML as this project writes it: `lossbench.scalars` reads it back, and so does any YAML reader."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

from lossbench.scalars import Loader


class Dumper(yaml.SafeDumper):
    """Writes mappings as blocks and lists of plain values on one line; quotes what any YAML reader would misread."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write equal parts out: a reader should not have to follow `*id001`."""
        return True


# A text is written plain only if neither YAML 1.1 nor 1.2 takes it for something else.
Dumper.yaml_implicit_resolvers = {
    key: [*Loader.yaml_implicit_resolvers.get(key, []), *yaml.SafeDumper.yaml_implicit_resolvers.get(key, [])]
    for key in {*Loader.yaml_implicit_resolvers, *yaml.SafeDumper.yaml_implicit_resolvers}
}


def _write_list(dumper: Dumper, values: Iterable[Any]) -> yaml.Node:
    values = list(values)
    plain = all(not isinstance(value, dict | list) for value in values)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=plain)


def _write_text(dumper: Dumper, text: str) -> yaml.Node:
    # Unicode's other line ends are lines to YAML 1.1 and not to 1.2: only double quotes can keep them.
    style = '"' if _LINE_END.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_LINE_END = re.compile("[\x85\u2028\u2029]")
Dumper.add_representer(list, _write_list)
Dumper.add_representer(str, _write_text)


def write(tree: Any) -> str:
    """The YAML text of a tree of plain values, in the order of its keys."""
    return yaml.dump(tree, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)
