"""A trained net as a scikit-learn estimator in a file of skops, which loads it without executing what the file says.

`skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))` loads it where lossbench is installed; the types
are those of `trained_net`, and printed.
"""

from __future__ import annotations

from typing import Any

from lossbench.export.files import made_parent
from lossbench.export.formats import ExportedRun
from lossbench.export.trained_net import trained_net
from lossbench.export.weights import predictor_of
from lossbench.record import written_aside


def write(run: ExportedRun, out: str) -> list[str]:
    """Write one member's net; what was written, and the types that whoever loads it must trust."""
    import skops.io

    predictor, which = predictor_of(run, "skops")
    content = skops.io.dumps(trained_net(predictor))
    path = made_parent(out)
    with written_aside(path) as file:
        file.write(content)
    types: list[Any] = skops.io.get_untrusted_types(data=content)
    return [f"skops: {path}{which}", f"load it with skops.io.load({str(path)!r}, trusted={types!r})"]
