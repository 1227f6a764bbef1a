"""A user's file, loaded as a module."""

from __future__ import annotations

import contextlib
import sys
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from lossbench.catalog.plugins.faults import fault
from lossbench.errors import UserError


def load_file(file: str) -> ModuleType:
    """Execute a user's file as a module of a private name; unchanged, it is executed once.

    Raises `UserError` with the file and the line for a file that is missing, is not Python, or raises.
    """
    path = Path(file).expanduser().resolve()
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UserError("no such file", where=file) from None
    except OSError as problem:
        raise UserError(f"cannot be read ({problem.strerror})", where=file) from None
    name = f"lossbench_user_{path.stem}_{sha256(str(path).encode() + content).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    try:
        code = compile(content, str(path), "exec", dont_inherit=True)
    except SyntaxError as problem:
        raise UserError(
            f"{problem.msg}: {(problem.text or '').strip()}".rstrip(": "),
            where=f"{file}:{problem.lineno}",
            fix="correct the syntax",
        ) from None
    except ValueError as problem:
        raise UserError(f"is not Python ({problem})", where=file) from None
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # dataclasses and pickle look a class's module up while it is being executed
    sys.path.append(str(path.parent))  # last: a neighbour may be imported, and shadows nothing
    try:
        exec(code, module.__dict__)
    except BaseException as problem:
        del sys.modules[name]
        raise fault(problem, file=str(path), where=file, when=" while it was loaded") from problem
    finally:
        with contextlib.suppress(ValueError):  # it may have changed the path
            sys.path.remove(str(path.parent))
    return module
