"""A Rich console that shows texts of others instead of obeying them."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from lossbench.printable import printable


class PrintableConsole(Console):
    """A console whose texts hold nothing but characters and new lines; its own colours and cursor stay its own."""

    def on_broken_pipe(self) -> None:
        """Raise what was raised, where Rich would end the program: a reader that has gone ends no run."""
        raise  # noqa: PLE0704 - Rich calls this while it handles a BrokenPipeError

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of what is printed, each made printable."""
        for segment in super().render(renderable, options):
            clean = segment.control or segment.text.isprintable()
            yield segment if clean else segment._replace(text=printable(segment.text, keep="\n"))
