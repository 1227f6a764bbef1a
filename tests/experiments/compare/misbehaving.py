"""Losses that do what no loss should: each is a cross-entropy with a line more where it is loaded or called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SOURCE = """
import atexit, ctypes, gc, os, random, signal, subprocess, sys, threading, time, warnings
import numpy as np
import torch
import torch.nn.functional as F
from lossbench import Encoding, Decoder, Space, Task, loss

calls = 0

def cross_entropy(logits, target):
    return -logits.log_softmax(-1).gather(-1, target[..., None]).squeeze(-1)

class Own(Exception):
    def __init__(self, first, second):
        super().__init__(first)

class Silent(Exception):
    def __str__(self):
        raise ValueError

class Backward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()
    @staticmethod
    def backward(ctx, gradient):
        sys.exit(4)

def deeper():
    return deeper()

{loaded}

@loss(targets={{Task.MULTICLASS: Encoding.CLASS_INDEX}}, sound={{Space.REAL}}, decode=Decoder.SOFTMAX,
      reference="none")
def {name}(logits, target):
    \"\"\"A cross-entropy.\"\"\"
    global calls
    calls += 1
    value = cross_entropy(logits, target)
    {called}
    return value
"""


@dataclass(frozen=True)
class Misbehaving:
    """What it does when it is called and when it is loaded; a pattern of its failure's message ("": it is harmless)."""

    called: str = "pass"
    loaded: str = "pass"
    message: str = ""

    def written(self, name: str, folder: Path) -> str:
        """The file that it is written to, as a config names it."""
        file = folder / f"{name}.py"
        file.write_text(SOURCE.format(name=name, called=self.called, loaded=self.loaded))
        return f"{file}:{name}"


LOSSES = {
    "exits": Misbehaving("sys.exit(3)", message=r"exits\.py:exits:\d+: SystemExit: 3$"),
    "exits_in_silence": Misbehaving("raise SystemExit", message=r": SystemExit$"),
    "exits_backwards": Misbehaving("value = Backward.apply(value)", message=r"SystemExit: 4$"),
    "interrupts": Misbehaving("raise KeyboardInterrupt", message=r"interrupts\.py:interrupts:\d+: KeyboardInterrupt$"),
    "ends_a_generator": Misbehaving("raise GeneratorExit", message=r": GeneratorExit$"),
    "raises_anything": Misbehaving("raise BaseException('any')", message=r": BaseException: any$"),
    "raises_its_own": Misbehaving("raise Own(1, 2)", message=r": Own: 1$"),
    "raises_at_length": Misbehaving(
        r"raise ValueError('\x1b[31mred\n\ud800 ' + 'long ' * 40_000)",
        message=r": ValueError: \ufffd\[31mred \ufffd (long )+",
    ),
    "raises_in_silence": Misbehaving("raise Silent", message=r": Silent$"),
    "recurses": Misbehaving("deeper()", message=r": RecursionError: maximum recursion depth exceeded"),
    "has_no_memory": Misbehaving("raise MemoryError", message=r": MemoryError$"),
    "returns_nothing": Misbehaving("return None", message=r"returned a NoneType, not a tensor"),
    "returns_a_mean": Misbehaving("return value.mean()", message=r"returned shape \[\]"),
    "leaves": Misbehaving("os._exit(0)", message=r"its process ended \(exit code 0\)$"),
    "leaves_later": Misbehaving(
        "logits.ndim == 3 and logits.requires_grad and os._exit(7)", message=r"its process ended \(exit code 7\)$"
    ),
    "says_why_it_leaves": Misbehaving(
        "print('\\x1b[1mno\\ud800 luck'); os._exit(1)", message=r"\(exit code 1\): \ufffd\[1mno"
    ),
    "aborts": Misbehaving("os.abort()", message=r"its process ended \(SIGABRT\)$"),
    "reads_nowhere": Misbehaving("ctypes.string_at(0)", message=r"its process ended \(SIGSEGV\)$"),
    "kills_itself": Misbehaving("os.kill(os.getpid(), signal.SIGKILL)", message=r"its process ended \(SIGKILL\)$"),
    "kills_its_group": Misbehaving("os.killpg(0, signal.SIGTERM)", message=r"its process ended \(SIGTERM\)$"),
    "closes_its_streams": Misbehaving("os.closerange(0, 3); os.abort()", message=r"\(SIGABRT\)$"),
    "never_ends": Misbehaving(
        "while True: time.sleep(0.01)", message=r"it was not done after [\d.]+ s while it was examined$"
    ),
    "holds_the_interpreter": Misbehaving(
        "ctypes.PyDLL(None).sleep(1000)", message=r"it was not done after [\d.]+ s while it was examined$"
    ),
    "changes_the_default_dtype": Misbehaving(loaded="torch.set_default_dtype(torch.float64)"),
    "changes_the_folder": Misbehaving("os.chdir('/')"),
    "seeds": Misbehaving("torch.manual_seed(0); np.random.seed(0); random.seed(0)"),
    "replaces_functions_of_torch": Misbehaving(
        loaded="F.cross_entropy = F.softmax = torch.log_softmax = lambda *_, **__: 0 / 0"
    ),
    "filters_warnings": Misbehaving(loaded="warnings.simplefilter('error'); os.environ['OMP_NUM_THREADS'] = '64'"),
    "takes_threads": Misbehaving("torch.set_num_threads(3)"),
    "handles_signals": Misbehaving(
        loaded="signal.signal(signal.SIGTERM, signal.SIG_IGN); sys.path.clear(); gc.disable()"
    ),
    "talks": Misbehaving("print('talk ' * 1000); os.write(1, b'talk ' * 1000); os.write(2, b'talk')"),
    "leaves_others_behind": Misbehaving(
        loaded="subprocess.Popen(['sleep', '1000']); atexit.register(time.sleep, 1000);"
        " threading.Thread(target=time.sleep, args=(1000,)).start()"
    ),
    "forks": Misbehaving("calls == 50 and os.fork()"),
}
