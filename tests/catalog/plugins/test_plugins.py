"""A user's own loss, activation or metric is found by file and name, and every fault of it is said with its place."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import torch

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.describe.listing import activation_rows, loss_rows, problems
from lossbench.catalog.plugins import packages
from lossbench.catalog.plugins.load_file import load_file
from lossbench.catalog.plugins.resolve import find_activation, find_loss, find_metric, loss_source
from lossbench.catalog.vocabulary import Encoding, Space, Task
from lossbench.errors import UserError

DECORATED = '''
from lossbench import loss, Task, Encoding, Space, Decoder

@loss(targets={Task.BINARY: Encoding.SIGN}, sound={Space.REAL}, decode=Decoder.MARGIN, reference="mine")
def my_loss(score, sign, *, margin: float = 1.0):
    """max(0, margin - sign * score)^3"""
    return (margin - sign * score).clamp(min=0).pow(3).squeeze(-1)
'''
FLAGS = {"task": "binary", "target_encoding": "probability", "decode": "sigmoid"}


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str, name: str = "my_loss.py") -> str:
        file = tmp_path / name
        file.write_text(text)
        return str(file)

    return write


def test_a_decorated_function_is_found_with_all_it_declares(write):
    loss = find_loss(write(DECORATED) + ":my_loss")
    assert (loss.name, loss.targets, loss.decode) == ("my_loss", {Task.BINARY: Encoding.SIGN}, {None: Decoder.MARGIN})
    assert loss.formula == "max(0, margin - sign * score)^3"
    assert loss.params == {"margin": 1.0}
    score, sign = torch.tensor([[[0.5], [2.0]]]), torch.tensor([[[1.0], [-1.0]]])
    assert loss(score, sign).tolist() == [[0.125, 27.0]]
    assert loss.bind(margin=0.0)(score, sign).tolist() == [[0.0, 8.0]]


def test_the_only_declared_loss_of_a_file_needs_no_name(write):
    assert find_loss(write(DECORATED)).name == "my_loss"


def test_the_source_of_a_users_loss_is_kept_and_that_of_our_own_is_not(write):
    file = write(DECORATED)
    text, digest = loss_source(find_loss(file + ":my_loss"))
    assert text == DECORATED
    assert digest == hashlib.sha256(DECORATED.encode()).hexdigest()
    assert loss_source(find_loss("hinge")) == ("", "")


def test_an_edited_file_is_read_again_and_an_unchanged_one_is_not(write):
    file = write(DECORATED)
    first = find_loss(file)
    assert find_loss(file).fn.fn is first.fn.fn
    write(DECORATED.replace("margin: float = 1.0", "margin: float = 2.0"))
    assert find_loss(file).params == {"margin": 2.0}


def test_a_users_loss_with_the_name_of_a_built_in_one_goes_by_its_place(write):
    loss = find_loss(write(DECORATED.replace("def my_loss", "def hinge")) + ":hinge")
    assert loss.name == "my_loss.py:hinge"
    assert find_loss("hinge").fn.__module__.startswith("lossbench.")


def test_registry_names_abbreviations_and_losses_themselves_are_found():
    assert find_loss("ce") is find_loss("cross_entropy")
    assert find_loss(find_loss("ce")) is find_loss("ce")


def test_a_decorated_function_can_be_handed_over_itself(write):
    function = load_file(write(DECORATED)).my_loss
    assert find_loss(function).name == "my_loss"


def test_a_neighbouring_file_may_be_imported(write):
    write("SCALE = 3.0\n", "neighbour_of_my_loss.py")
    file = write(DECORATED.replace("from lossbench", "import neighbour_of_my_loss\nfrom lossbench", 1))
    assert find_loss(file).name == "my_loss"
    del sys.modules["neighbour_of_my_loss"]


PLAIN = {
    "function": "def f(out, target):\n    return ((out - target) ** 2).squeeze(-1)\n",
    "columns left apart": "def f(out, target):\n    return (out - target) ** 2\n",
    "module instance": "import torch\nf = torch.nn.MSELoss(reduction='none')\n",
    "module class": "import torch\nclass f(torch.nn.MSELoss):\n    pass\n",
    "functional": "from torch.nn.functional import mse_loss as f\n",
}


@pytest.mark.parametrize("kind", PLAIN)
def test_what_is_not_decorated_is_taken_with_the_three_flags(write, kind):
    loss = find_loss(write(PLAIN[kind]) + ":f", **FLAGS)
    out = torch.tensor([[[0.5], [2.0], [1.0]], [[0.0], [1.0], [4.0]]])
    target = torch.tensor([[[1.0], [0.0], [1.0]], [[0.0], [0.0], [1.0]]])
    assert loss(out, target).tolist() == [[0.25, 4.0, 0.0], [0.0, 1.0, 9.0]]
    assert (loss.targets, loss.decode, loss.floor) == (
        {Task.BINARY: Encoding.PROBABILITY},
        {None: Decoder.SIGMOID},
        None,
    )
    assert loss.sound == {Task.BINARY: (Space.REAL,)}


def test_plain_defaults_are_parameters_of_a_function_that_is_not_decorated(write):
    reference = (
        write("def f(out, target, gamma: float = 2.0):\n    return (out - target).abs()[..., 0] ** gamma\n") + ":f"
    )
    loss = find_loss(reference, **FLAGS)
    assert loss.params == {"gamma": 2.0}
    assert loss.bind(gamma=3)(torch.tensor([[[3.0]]]), torch.tensor([[[1.0]]])).tolist() == [[8.0]]
    with pytest.raises(UserError, match=r"unknown parameter 'gama'; did you mean 'gamma'\?"):
        loss.bind(gama=1)


def test_torchs_own_cross_entropy_gives_every_member_its_own_values(write):
    loss = find_loss(
        write("import torch\ncriterion = torch.nn.CrossEntropyLoss(reduction='none')\n") + ":criterion",
        task="multiclass",
        target_encoding="class-index",
        decode="softmax",
    )
    out = torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    target = (torch.arange(20) % 3).reshape(4, 5)
    expected = -out.log_softmax(-1).gather(-1, target[..., None])[..., 0]
    torch.testing.assert_close(loss(out, target), expected)


def test_a_function_that_looks_at_its_whole_batch_sees_one_member_at_a_time(write):
    text = "def f(out, target):\n    error = (out - target).abs()[:, 0]\n    return error / error.detach().mean()\n"
    loss = find_loss(write(text) + ":f", **FLAGS)
    generator = torch.Generator().manual_seed(1)
    out, target = torch.randn(3, 8, 1, generator=generator), torch.zeros(3, 8, 1)
    before = loss(out, target)
    out[1] = float("nan")
    assert torch.equal(loss(out, target)[[0, 2]], before[[0, 2]])


MISTAKES = {
    "no such file": (None, "nowhere.py:f", "nowhere.py: no such file"),
    "no such name": (DECORATED, "my_loss.py:my_los", "my_loss.py: has no 'my_los'; did you mean 'my_loss'?"),
    "nothing declared": ("x = 1\n", "my_loss.py", "my_loss.py: holds no declared loss; say which: my_loss.py:name"),
    "syntax": ("x = 1\ny = 3 +\n", "my_loss.py:f", "my_loss.py:2: invalid syntax: y = 3 +; correct the syntax"),
    "null byte": ("x = '\0'\n", "my_loss.py:f", "null bytes"),
    "raises": (
        "x = 1\ny = x / 0\n",
        "my_loss.py:f",
        "my_loss.py:2: ZeroDivisionError while it was loaded: division by zero",
    ),
    "exits": ("import sys\nsys.exit(3)\n", "my_loss.py:f", "my_loss.py:2: SystemExit while it was loaded: 3"),
    "misses a package": (
        "import no_such_thing\n",
        "my_loss.py:f",
        "my_loss.py:1: ModuleNotFoundError while it was loaded",
    ),
    "misdeclared": (
        DECORATED.replace("decode=Decoder.MARGIN, ", ""),
        "my_loss.py:f",
        "my_loss.py:4: TypeError while it was loaded: loss() missing 1 required keyword-only argument: 'decode'",
    ),
    "not callable": ("f = 3\n", "my_loss.py:f", "my_loss.py:f: an int is no loss; name a function or an nn.Module"),
    "too few arguments, decorated": (
        DECORATED.replace("(score, sign, *,", "(score, *,"),
        "my_loss.py:my_loss",
        "my_loss.py:my_loss: takes (score, *, margin: float = 1.0); a loss takes outputs and targets",
    ),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_fault_of_the_file_is_said_with_its_place(write, monkeypatch, tmp_path, kind):
    text, reference, message = MISTAKES[kind]
    monkeypatch.chdir(tmp_path)
    if text is not None:
        write(text)
    with pytest.raises(UserError) as error:
        find_loss(reference)
    assert message in str(error.value)


def test_what_is_not_decorated_says_which_flags_it_needs(write):
    with pytest.raises(
        UserError, match=r"my_loss.py:f: is not decorated with @loss, so --target-encoding, --decode must be said"
    ):
        find_loss(write(PLAIN["function"]) + ":f", task="binary")


UNFIT = {
    "one argument": ("def f(out):\n    return out\n", "takes (out); a loss takes outputs and targets"),
    "three arguments": ("def f(out, target, weight):\n    return out\n", "takes (out, target, weight)"),
    "nobody's argument": ("def f(out, target, *, prior):\n    return out\n", "needs prior, which is never passed"),
    "reduced module": ("import torch\nf = torch.nn.MSELoss()\n", "has reduction='mean'; make it with reduction='none'"),
    "module with weights": (
        "import torch\nclass M(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.scale = torch.nn.Parameter(torch.ones(1))\n"
        "    def forward(self, out, target):\n        return out\nf = M()\n",
        "has parameters of its own to be learnt (scale)",
    ),
    "class with arguments": (
        "class f:\n    def __init__(self, scale):\n        pass\n",
        "cannot be made without arguments",
    ),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_a_signature_that_cannot_be_a_loss_is_refused(write, kind):
    text, message = UNFIT[kind]
    with pytest.raises(UserError) as error:
        find_loss(write(text) + ":f", **FLAGS)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ({"task": "binry"}, r"--task: unknown value 'binry'; did you mean 'binary'\?"),
        ({"target_encoding": "sing"}, r"--target-encoding: unknown value 'sing'; did you mean 'sign'\?"),
        ({"decode": "sigmoids"}, r"--decode: unknown value 'sigmoids'; did you mean 'sigmoid'\?"),
    ],
)
def test_an_unknown_flag_value_gets_the_nearest(write, flag, message):
    with pytest.raises(UserError, match=message):
        find_loss(write(PLAIN["function"]) + ":f", **{**FLAGS, **flag})


CALLS = {
    "mean inside": (
        "    return ((out - target) ** 2).mean()\n",
        "returned shape [] for outputs [6, 1]; return one value per sample, [6]",
    ),
    "broadcast": ("    return (out - target[:, 0]).abs()\n", "returned shape [6, 6] for outputs [6, 1]"),
    "no tensor": ("    return 1.0\n", "returned a float, not a tensor"),
    "raises": ("    x = out\n    return x @ target\n", "my_loss.py:f:3: RuntimeError: "),
}


@pytest.mark.parametrize("kind", CALLS)
def test_what_a_loss_returns_wrongly_or_raises_is_said_when_it_is_called(write, kind):
    body, message = CALLS[kind]
    loss = find_loss(write("def f(out, target):\n" + body) + ":f", **FLAGS)
    with pytest.raises(UserError) as error:
        loss(torch.zeros(2, 3, 1), torch.zeros(2, 3, 1))
    assert message in str(error.value)


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(UserError, match=r"compare: unknown loss 'hings'; did you mean 'hinge'\?"):
        find_loss("hings", where="compare")


@pytest.fixture
def offered(monkeypatch, write):
    """Entry points as an installed package would offer them."""
    sys.modules["offered_losses"] = load_file(write(DECORATED + "\ndef twice(z):\n    return 2 * z\n"))
    points = {
        "lossbench.losses": [
            EntryPoint("theirs", "offered_losses:my_loss", "lossbench.losses"),
            EntryPoint("gone", "offered_losses:gone", "lossbench.losses"),
        ],
        "lossbench.activations": [
            EntryPoint(name, "offered_losses:twice", "lossbench.activations") for name in ("relu", "twice")
        ],
    }
    monkeypatch.setattr(packages, "entry_points", lambda group: points.get(group, []))
    yield
    del sys.modules["offered_losses"]


@pytest.mark.usefixtures("offered")
def test_an_entry_point_is_found_by_its_name():
    loss = find_loss("theirs")
    assert loss.name == "theirs"
    assert loss_source(loss)[0].startswith(DECORATED)
    assert packages.entry_point_names("loss") == ["gone", "theirs"]
    assert find_activation("twice").space is Space.REAL


@pytest.mark.usefixtures("offered")
def test_what_packages_offer_is_listed_and_what_is_broken_is_said():
    theirs = next(row for row in loss_rows(Task.BINARY) if row.package)
    assert (theirs.name, theirs.tasks, theirs.formula) == ("theirs", ("binary",), "max(0, margin - sign * score)^3")
    assert [row.name for row in activation_rows() if row.package] == ["twice"]
    (problem,) = problems("loss")
    assert "entry point gone of offered_losses:gone: AttributeError while it was loaded" in problem
    (hidden,) = problems("activation")
    assert "entry point relu of offered_losses:twice: hidden by the built-in activation of that name" in hidden


@pytest.mark.parametrize("name", ["relu", "ReLU", "linear"])
def test_an_activation_of_a_built_in_ones_name_is_refused(write, name):
    file = write(f"def {name}(z):\n    return 2 * z\n")
    with pytest.raises(UserError, match=f"my_loss.py:{name}: '{name}' is the name of a built-in activation; give it"):
        find_activation(f"{file}:{name}")
    file = write(f"from lossbench import Activation, Space\na = Activation('{name}', lambda z: z, Space.REAL, 'z')\n")
    with pytest.raises(UserError, match="is the name of a built-in activation"):
        find_activation(f"{file}:a")


def test_a_metric_of_a_built_in_ones_name_is_refused(write):
    text = (
        "from lossbench import Metric, Task\n"
        "m = Metric('accuracy', lambda p, t: t, frozenset({Task.BINARY}), 'label', 'higher', 0.0, '', (0.0, 1.0),"
        " 'absolute')\n"
    )
    with pytest.raises(UserError, match=r"my_loss.py:m: 'accuracy' is the name of a built-in metric"):
        find_metric(write(text) + ":m")


@pytest.mark.usefixtures("offered")
def test_a_broken_entry_point_is_said_with_its_name():
    with pytest.raises(UserError, match="entry point gone of offered_losses:gone: AttributeError while it was loaded"):
        find_loss("gone")


ACTIVATIONS = {
    "def a(z):\n    return 3 * z\n": Space.REAL,
    "def a(z):\n    return z.square().softmax(-1)\n": Space.SIMPLEX,
    "def a(z):\n    return z.log_softmax(-1)\n": Space.LOG_SIMPLEX,
    "def a(z):\n    return z.sigmoid()\n": Space.UNIT,
    "def a(z):\n    return z.sin()\n": Space.SIGNED_UNIT,
    "def a(z):\n    return z.relu() * 2\n": Space.NONNEGATIVE,
    "def a(z):\n    return z.square() + 0.1\n": Space.POSITIVE,
    "def a(z):\n    return -z.square()\n": Space.NONPOSITIVE,
    "def a(z):\n    return z / z.norm(dim=-1, keepdim=True)\n": Space.SPHERE,
    "from torch.nn.functional import elu as a\n": Space.BOUNDED_BELOW,
}


@pytest.mark.parametrize(("text", "space"), ACTIVATIONS.items())
def test_the_space_of_a_users_activation_is_measured(write, text, space):
    assert find_activation(write(text) + ":a").space is space


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 3\n", "an int is no activation"),
        ("def a(z):\n    return z.sum(-1)\n", r"returned shape \[16384\] for outputs \[16384, 3\]; keep the shape"),
        ("def a(z):\n    return z.log()\n", "gives NaN or infinity"),
        ("def a(z):\n    return z @ z\n", "RuntimeError"),
    ],
)
def test_what_cannot_be_an_activation_is_refused(write, text, message):
    with pytest.raises(UserError, match=message):
        find_activation(write(text) + ":a")


def test_a_declared_activation_and_metric_are_taken_as_they_are(write):
    text = (
        "from lossbench import Activation, Space\nfrom lossbench.catalog.metrics import METRICS\n"
        "a = Activation('mine', lambda z: z, Space.REAL, 'z')\nm = METRICS.get('accuracy')\n"
    )
    file = write(text)
    assert find_activation(file).name == "mine"
    assert find_activation("linear").name == "identity"
    assert find_metric(file + ":m") is find_metric("accuracy")
    with pytest.raises(UserError, match=r"my_loss.py:a: an Activation is no metric"):
        find_metric(file + ":a")


def test_importing_lossbench_or_looking_a_name_up_loads_no_heavy_library():
    code = (
        "import sys, lossbench; from lossbench import loss, Task;"
        "from lossbench.catalog.plugins.resolve import find_loss; find_loss('ce');"
        "print(sorted({'torch', 'numpy', 'pandas', 'sklearn', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
