"""`python -m lossbench`, and what the installed `lossbench` calls: from the first import on, Ctrl-C is one line.

Much of a command's first second are imports. A Ctrl-C that falls into one of them may come out of it as any exception,
or as a traceback from inside torch: so it is remembered that there was one.
"""

import atexit
import gc
import os
import signal
import sys
import threading

SELDOM = (20_000, 10, 10)  # the first: objects made before the youngest are looked through; Python's own is 700


def look_for_garbage_seldom() -> None:
    """Look through the youngest objects only now and then, and through none when the process ends.

    A command's imports make some 300,000 objects, nearly all of which stay. To look through them again and again takes
    an eighth of its seconds, and as much at its end, when the memory is given back anyway.
    """
    gc.set_threshold(*SELDOM)
    atexit.register(gc.freeze)


def run() -> int:
    """Run the command line and return its exit code."""
    look_for_garbage_seldom()
    requested = False

    def on_interrupt(*_: object) -> None:
        nonlocal requested
        requested = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, on_interrupt)
    try:
        from lossbench.standard_streams import use_standard_streams

        use_standard_streams()
        from lossbench.cli import main

        code = main()
    except BaseException:
        if not requested:
            raise
    if any(thread.daemon and thread.name.startswith("lossbench-") for thread in threading.enumerate()):
        # An aborted run leaves threads that may hold a stream's lock, on which the interpreter's own end would abort.
        os._exit(130 if requested else code)
    if requested:
        print("interrupted: nothing was recorded", file=sys.stderr)
        return 130
    return code


if __name__ == "__main__":
    sys.exit(run())
