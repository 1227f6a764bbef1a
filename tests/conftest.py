"""What holds for all tests."""

import signal


def pytest_configure() -> None:
    """Have Ctrl-C end the processes that tests start: a shell's background job ignores it, and so would they."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
