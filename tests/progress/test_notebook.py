"""Progress and answers in a notebook that a real kernel runs."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

from lossbench.events import EpochEnded, EvaluationEnded, EvaluationsPlanned, EvaluationStarted
from lossbench.progress.notebook import MOST, NotebookProgress, in_notebook

CELLS = [
    "import lossbench as lb\nimport lossbench.progress.bars as bars\nbars.SECONDS_BETWEEN_FRAMES = 0",
    "run = lb.train(data='wine', epochs=30, seeds=2)\nrun",
    "lb.train(data='wine', epochs=30, seeds=3, progress=False)",
    "lb.compare(data='wine', losses=['ce', 'hinge'], folds=3, repeats=1, epochs=3)",
    "from sklearn.datasets import load_iris\nlb.MLPClassifier(epochs=2, verbose=1).fit(*load_iris(return_X_y=True))",
    "import threading\nworker = threading.Thread(target=lb.train, args=('iris',), kwargs={'epochs': 3})\n"
    "worker.start(); worker.join()",
]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What stands below each cell after a run, as it would be saved."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    with pytest.MonkeyPatch.context() as patch:
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(name, str(folder / name.lower()))
        client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}})
        client.execute()
    return [cell.outputs for cell in notebook.cells]


pytestmark = pytest.mark.filterwarnings("ignore")  # of the tools that run notebooks


def progress(outputs):
    """The text of the one output that is a progress, as it stands in the end."""
    (shown,) = [one for one in outputs if one.output_type == "display_data"]
    assert shown.data["text/html"].startswith("<pre")
    return shown.data["text/plain"]


def answer(outputs):
    (shown,) = [one for one in outputs if one.output_type == "execute_result"]
    return shown.data


def test_a_training_shows_its_progress_and_then_its_answer(outputs):
    line = progress(outputs[1])
    assert line.startswith("✓ wine / nll + logsoftmax")
    assert "best accuracy" in line
    assert "\n" not in line  # what was at work is gone
    assert "<table>" in answer(outputs[1])["text/html"]
    assert answer(outputs[1])["text/plain"].startswith("<train 'wine-nll-logsoftmax'")


def test_progress_can_be_turned_off(outputs):
    assert [one.output_type for one in outputs[2]] == ["execute_result"]


def test_a_comparison_shows_a_line_a_loss(outputs):
    lines = progress(outputs[3]).splitlines()
    assert [line.split()[:4] for line in lines[:2]] == [
        ["✓", "wine", "/", "cross_entropy"],
        ["✓", "wine", "/", "hinge"],
    ]
    assert lines[2].startswith("2 of 2 evaluations in ")
    assert "On wine, by accuracy" in answer(outputs[3])["text/html"]


def test_a_fit_shows_its_progress_and_the_estimators_diagram(outputs):
    assert progress(outputs[4]).startswith("✓ MLPClassifier / cross_entropy + identity")
    assert "Fitted" in answer(outputs[4])["text/html"]


def test_another_thread_shows_its_progress_too(outputs):
    assert progress(outputs[5]).startswith("✓ iris / nll + logsoftmax")


def test_nothing_is_printed_beside(outputs):
    streams = [one for cell in outputs for one in cell if one.output_type in {"stream", "error"}]
    texts = [one.get("text", "") for one in streams]
    assert all("LossbenchWarning" in text for text in texts), texts


class Cell:
    """Takes the place of IPython's display."""

    def __init__(self):
        self.shown = []

    def __call__(self, bundle, **options):
        assert options == {"display_id": True}
        self.shown.append(bundle)
        return self

    def update(self, bundle, *, raw):
        assert raw
        self.shown.append(bundle)


def test_many_evaluations_are_counted_and_texts_are_escaped():
    cell, now = Cell(), [0.0]
    lines = NotebookProgress(display=cell, clock=lambda: now[0])
    lines(EvaluationsPlanned(100))
    for number in range(100):
        lines(EvaluationStarted(f"<b> {number}", 1, 2, "accuracy", "higher"))
        now[0] += 1
        lines(EpochEnded(f"<b> {number}", 1, (0,), (0.5,), (0.4,), (0.9,)))
        assert f"<b> {number}" in cell.shown[-1]["text/plain"]
        lines(EvaluationEnded(f"<b> {number}", "ok", 1.0))
    lines.close()
    last = cell.shown[-1]["text/plain"].splitlines()
    assert len(last) == MOST + 1
    assert last[0] == "... 61 lines before"
    assert last[-1] == "100 of 100 evaluations in 1:40"
    assert "<b>" not in cell.shown[-1]["text/html"]
    assert "&lt;b&gt; 99" in cell.shown[-1]["text/html"]


def test_outside_of_a_notebook_there_is_none():
    assert not in_notebook()
