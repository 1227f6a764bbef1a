"""The key of a training: what its numbers depend on, so that what is there of it can be told from another's.

Two trainings of one key end with the same bits on one machine; a checkpoint belongs to a key, and so does a finished
run. These are in it, and nothing else:

- the config with every `auto` resolved, but for `output`, `name` and `threads`, which change no number, and `device`,
  of which only the kind is in (`cpu`, `cuda`, `mps`); and the kernel that `train` uses is in as what it came to
  (`compiled`, `torch`). Losses, last activations and metrics are in by their name,
  without the folder that their file is in, and so is a table;
- the table's sha256 (`Table.fingerprint`: its features, target and classes as they were read) and the sha256 of the
  rows of every split, so that other groups or times are another key, too;
- the sha256 of the file of a loss, last activation, decoder or metric that is none of lossbench's own. What that file
  imports is not seen;
- `NUMERICS`.

So the same content in another file of the same name is the same key; another number of epochs, another seed or another
spelling of a column to read is another. Not in it are the versions of Python, torch and lossbench, and the processor:
whoever goes on with other ones gets what these make of it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import torch

from lossbench.catalog.plugins.resolve import source_sha256
from lossbench.config.commands.regularize import RegularizeConfig
from lossbench.config.commands.train import TrainConfig
from lossbench.data.splits.rows import Split, digest
from lossbench.data.table import Table
from lossbench.experiments.setup.pair import Pair

NUMERICS = 4  # of train, regularize-gif and compare-losses: raised whenever the same config comes to give other numbers
WHERE_IT_RUNS = {"output", "name", "threads", "device", "kernel"}


def training_key(
    config: TrainConfig | RegularizeConfig,
    table: Table,
    pair: Pair,
    splits: Sequence[Split],
    device: torch.device,
    metric: str = "",
    kernel: str = "",
) -> dict[str, Any]:
    """The key as JSON holds it: "config" as in a config file, everything else by the name that an error gives it.

    `metric` and `kernel` are the names of what `train` resolved.
    """
    plain = config.model_dump(mode="json", exclude=WHERE_IT_RUNS)
    plain["data"].pop("file")
    plain["loss"] |= {"name": pair.loss.name, "params": dict(pair.loss.params)}
    plain["last_act"] = pair.activation.name
    named = {"loss": config.loss.name, "last activation": config.last_act, "decoder": config.loss.decode or ""}
    if isinstance(config, TrainConfig):
        named["metric"], plain["metric"] = config.metric, metric
    sources = {what: source_sha256(reference) for what, reference in named.items()}
    key = {
        "config": plain,
        "data": f"{table.name} {table.fingerprint()}",
        "splits": sha256("".join(digest(split) for split in splits).encode()).hexdigest(),
        **{f"{what} source": source for what, source in sources.items() if source},
        "device": device.type,
        **({"kernel": kernel} if kernel else {}),
        "numerics": NUMERICS,
    }
    return json.loads(json.dumps(key))  # type: ignore[no-any-return]
