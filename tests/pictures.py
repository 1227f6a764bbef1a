"""README's pictures, drawn again from real runs: `make pictures`.

Terminal pictures are what the commands print in a terminal of 100 columns, caught from a pseudo-terminal and drawn as
SVG; plots and GIFs are the commands' own files.
"""

import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURES = Path(__file__).parent.parent / ".github" / "pictures"
COLUMNS = 100

COMMANDS = {
    "train": "lossbench train --loss nll --last-act logsoftmax --seeds 5",
    "train-relu": "lossbench train --loss nll --last-act relu --seeds 5",
    "explain": "lossbench explain nll relu",
    "doctor": "lossbench doctor focal",
}
FILES = {
    "lossbench compare-losses --name titanic": {
        "outputs/titanic/differences.png": "differences.png",
        "outputs/titanic/report.html": None,
    },
    "lossbench regularize-gif --alphas 20 --name iris": {
        "outputs/iris/boundary.gif": "boundary.gif",
        "outputs/iris/boundary.png": "boundary.png",
    },
    "lossbench regularize-gif --penalty l1,l2,elasticnet --alphas 30 --alpha-range 1e-4:1e2 --name three": {
        "outputs/three/boundary.gif": "three.gif",
    },
}


def in_a_terminal(command: str, folder: Path) -> str:
    """What a command prints to a terminal, escape codes and all."""
    parent, child = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": "50"}
    process = subprocess.Popen(command.split(), stdout=child, stderr=subprocess.DEVNULL, cwd=folder, env=environment)
    os.close(child)
    chunks = []
    while process.poll() is None or select.select([parent], [], [], 0)[0]:
        if select.select([parent], [], [], 0.1)[0]:
            try:
                chunks.append(os.read(parent, 65536))
            except OSError:  # the other end is closed: the command has ended
                break
    os.close(parent)
    if process.wait() != 0:
        raise SystemExit(f"{command}: exit code {process.returncode}")
    return b"".join(chunks).decode().replace("\r\n", "\n")


def draw_terminal(command: str, printed: str, path: Path) -> None:
    """The command and what it printed, as an SVG of a terminal window."""
    with open(os.devnull, "w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True, color_system="truecolor")
        console.print(Text(f"$ {command}", style="bold"))
        console.print(Text.from_ansi(printed))
        path.write_text(console.export_svg(title="lossbench", unique_id=path.stem))


def main() -> None:
    """Draw them all."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    wanted = set(sys.argv[1:])
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, command in COMMANDS.items():
            if not wanted or name in wanted:
                draw_terminal(command, in_a_terminal(command, folder), PICTURES / f"{name}.svg")
        for command, files in FILES.items():
            if wanted and not wanted & {target or "" for target in files.values()}:
                continue
            printed = in_a_terminal(command, folder)
            draw_terminal(command, printed, PICTURES / f"{command.split()[1]}-{command.split()[-1]}.svg")
            for source, target in files.items():
                if target:
                    shutil.copy(folder / source, PICTURES / target)


if __name__ == "__main__":
    main()
