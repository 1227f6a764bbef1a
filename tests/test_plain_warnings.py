"""A warning is one line with whose it is, once; a user's own is never hidden."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import warnings
from pathlib import Path

import pytest

from lossbench.errors import LossbenchWarning
from lossbench.plain_warnings import line_of, plain_warnings, silence

PURELIB = sysconfig.get_paths()["purelib"]


@pytest.mark.parametrize(
    ("filename", "line"),
    [
        (f"{PURELIB}/sklearn/svm/_base.py", "note: sklearn: lbfgs failed to converge"),
        (f"{PURELIB}/six.py", "note: six: lbfgs failed to converge"),
        ("/home/me/my_loss.py", "warning: my_loss.py, line 7: lbfgs failed to converge"),
        (f"{sysconfig.get_paths()['stdlib']}/json/decoder.py", "note: python: lbfgs failed to converge"),
        (str(Path(__file__).parents[1] / "lossbench" / "api.py"), "warning: lbfgs failed to converge"),
    ],
)
def test_a_warning_says_whose_it_is(filename, line):
    assert line_of("lbfgs failed\n   to converge", filename, 7) == line


def test_the_same_warning_is_said_once_and_the_hook_is_taken_back(capsys):
    before = warnings.showwarning
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        hook = warnings.showwarning
        with plain_warnings():
            for _ in range(3):
                warnings.warn("again", UserWarning, stacklevel=1)
            warnings.warn("a sentence", LossbenchWarning, stacklevel=1)
            silence()
            warnings.warn("too late", UserWarning, stacklevel=1)
        assert warnings.showwarning is hook
    assert warnings.showwarning is before
    out, err = capsys.readouterr()
    assert out == ""
    first, second = err.splitlines()
    assert first.startswith("warning: test_plain_warnings.py, line ")
    assert first.endswith(": again")
    assert second == "warning: a sentence"


def test_filters_decide_as_everywhere(capsys):
    with warnings.catch_warnings(), plain_warnings():
        warnings.simplefilter("ignore")
        warnings.warn("hidden", UserWarning, stacklevel=1)
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="raised"):
            warnings.warn("raised", UserWarning, stacklevel=1)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("quiet", "said"), [([], True), (["--quiet"], False)])
def test_a_loss_s_own_warning_has_its_line(tmp_path, quiet, said):
    (tmp_path / "mine.py").write_text(
        "import warnings\n\nfrom lossbench import Encoding, Decoder, Space, Task, loss\n\n\n"
        "@loss(targets={Task.MULTICLASS: Encoding.CLASS_INDEX}, sound={Space.REAL}, decode=Decoder.SOFTMAX,\n"
        "      reference='mine')\n"
        "def mine(out, target):\n    'minus log p'\n    warnings.warn('beware')\n"
        "    return -out.log_softmax(-1).gather(-1, target[..., None])[..., 0]\n"
    )
    line = [
        sys.executable,
        "-m",
        "lossbench",
        "train",
        "--data",
        "iris",
        "--loss",
        "mine.py:mine",
        "--epochs",
        "1",
        *quiet,
    ]
    ran = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.count("beware") == said
    if said:
        assert "warning: mine.py, line 10: beware\n" in ran.stderr
    assert "warnings.warn" not in ran.stderr
