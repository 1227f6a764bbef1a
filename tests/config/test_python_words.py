"""Messages name flags; in Python they name arguments, of every message that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lossbench
from lossbench.config.commands.compare import CompareConfig
from lossbench.config.commands.train import TrainConfig
from lossbench.config.keys import flagged
from lossbench.config.python_words import in_python, python_words
from lossbench.errors import UserError, UserErrors

WORDS = python_words(TrainConfig)


@pytest.mark.parametrize(
    ("said", "in_words"),
    {
        "(--dates turns them into numbers)": "(dates=True turns them into numbers)",
        "(--text hash keeps it)": "(text='hash' keeps it)",
        "leave it out with --drop id (or vouch for it with --keep id)": "leave it out with drop=['id'] (or vouch for it"
        " with keep=['id'])",
        "with --drop sepal length (cm) (or not)": "with drop=sepal length (cm) (or not)",
        "with --keep store silences this": "with keep=store silences this",
        "too good (--groups patient_id)": "too good (groups='patient_id')",
        "not matter: --time day": "not matter: time='day'",
        "as gaps with --na '?,-'": "as gaps with na=['?', '-']",
        "tabs (--sep to say otherwise)": "tabs (sep to say otherwise)",
        "(--decimal . to say otherwise)": "(decimal='.' to say otherwise)",
        "or choose --decimal ,": "or choose decimal=','",
        "with --min-class-rows 2": "with min_class_rows=2",
        "(--target-scale standard takes them)": "(target_scale='standard' takes them)",
        "choose --batch-size full": "choose batch_size=None",
        "(--test takes more)": "(test takes more)",
        "did you mean --task regression?": "did you mean task='regression'?",
        "choose one with --target; columns": "choose one with target; columns",
        "give another --name, or --force to have it": "give another name, or force=True to have it",
        "--no-recommended trains it alone": "recommended=False trains it alone",
        "--target-encoding, --decode must be said": "target_encoding, decode must be said",
        "such as --task binary --target-encoding sign --decode margin)": "such as task='binary'"
        " target_encoding='sign' decode='margin')",
        "(--set early_stopping.keep=best)": "(keep='best')",
        "(--set optim.lr=1e-3)": "(lr=0.001)",
        "--loss-param gamma=3": "params={'gamma': 3}",
        "--hidden": "hidden",
        "--strict": "strict",
        "see `lossbench losses --task binary`, --lr 1e-3": "see `lossbench losses --task binary`, lr=0.001",
        "a-b --- c": "a-b --- c",
    }.items(),
)
def test_a_flag_is_written_as_the_argument(said, in_words):
    assert WORDS(said) == in_words


def test_errors_are_said_so_too_one_or_several():
    with pytest.raises(UserError) as one, in_python(TrainConfig):
        raise UserError("too wide", where="--hidden", fix="give fewer, or --batch-size 8")
    assert str(one.value) == "hidden: too wide; give fewer, or batch_size=8"
    with pytest.raises(UserErrors) as several, in_python(CompareConfig):
        raise UserErrors([UserError("x", fix="choose one with --target"), UserError("y", fix="--lrs 1e-3,1e-2")])
    assert str(several.value).splitlines() == ["x; choose one with target", "y; lrs 1e-3,1e-2"]
    assert [error.fix for error in several.value.errors] == ["choose one with target", "lrs 1e-3,1e-2"]


def test_no_flag_of_any_message_is_left():
    """Every string of the package that names a flag, but for what only a shell is told."""
    package = Path(lossbench.__file__).parent
    known = {flag.name.split("/")[0] for flag in (f for _, f in [*flagged(TrainConfig).values()])}
    seen = 0
    for file in package.rglob("*.py"):
        if file.relative_to(package).parts[0] == "cli" or file.name in {"flag.py", "parts.py", "python_words.py"}:
            continue
        for text in re.findall(r'f?"((?:[^"\\\n]|\\.)*--[a-z](?:[^"\\\n]|\\.)*)"', file.read_text()):
            if any(flag in text for flag in known):
                left = re.sub(r"`lossbench[^`]*`", "", WORDS(text))
                assert "--" not in left, (file, text)
                seen += 1
    assert seen > 30
