"""README's pictures, drawn again from real runs: `make pictures`.

Terminal pictures are what the commands print in a terminal of 100 columns, caught from a pseudo-terminal and drawn as
SVG; plots and GIFs are the commands' own files, and the page is what a browser shows of it.
"""

import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

from tests.report.browser import find_browser

PICTURES = Path(__file__).parent.parent / ".github" / "pictures"
COLUMNS = 100

TERMINALS = {
    "train": "lossbench train --loss nll --last-act logsoftmax --seeds 5",
    "train-relu": "lossbench train --loss nll --last-act relu --seeds 5",
    "compare": "lossbench compare-losses",
}
FILES = {
    "lossbench compare-losses": {
        "outputs/compare-titanic/differences.png": "differences.png",
        "outputs/compare-titanic/report.html": "report.png",
    },
    "lossbench compare-losses --data long-servedio"
    " --losses ce,hinge,squared_hinge,exponential,modified_huber,l1,gce,brier,ramp,nce_rce --hidden none"
    " --label-noise 0,0.05,0.1,0.2 --stop last --repeats 1 --inner-folds 2 --lrs 0.01 --tune-params never --epochs 20"
    " --batch-size 128 --metric accuracy --name convex": {"outputs/convex/robustness.png": "convex.png"},
    "lossbench regularize-gif --alphas 20 --name iris": {"outputs/iris/boundary.gif": "boundary.gif"},
    "lossbench regularize-gif --penalty l1,l2,elasticnet --alphas 30 --alpha-range 1e-4:1e2 --name three": {
        "outputs/three/boundary.gif": "three.gif",
    },
}


def in_a_terminal(command: str, folder: Path) -> str:
    """What a command prints to a terminal, escape codes and all."""
    parent, child = pty.openpty()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": "50"}
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


def photograph(page: Path, path: Path) -> None:
    """The top of a page in a window of 1,200 x 900."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": 1200, "height": 900})
        view.goto(page.as_uri())
        view.screenshot(path=path)
        browser.close()


def main() -> None:
    """Draw them all."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for command in dict.fromkeys([*TERMINALS.values(), *FILES]):
            printed = in_a_terminal(command, folder)
            for name in (name for name, shown in TERMINALS.items() if shown == command):
                draw_terminal(command, printed, PICTURES / f"{name}.svg")
            for source, target in FILES.get(command, {}).items():
                if source.endswith(".html"):
                    photograph(folder / source, PICTURES / target)
                else:
                    shutil.copy(folder / source, PICTURES / target)


if __name__ == "__main__":
    main()
