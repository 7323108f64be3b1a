"""The signals that the tests' children hear: all of them, whatever the caller of the tests ignores.

A shell's background job ignores SIGINT, one of `nohup` SIGHUP, and what is ignored is inherited: programs
that the tests start and then interrupt would not hear it.
"""

from __future__ import annotations

import signal

_NEVER_INHERITED = {signal.SIGPIPE, signal.SIGXFSZ}
"""Python itself ignores these, and `subprocess` gives them back to its children."""


def hear() -> None:
    """Replace what is ignored by a handler that does nothing: this process goes on as before.

    Its children hear: a program that is started inherits what is ignored, but no handler. Nor is any signal
    held back.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in signal.valid_signals() - _NEVER_INHERITED:
        if signal.getsignal(number) is signal.SIG_IGN:
            # Only by default are children waited for: that of SIGCHLD is to do nothing, too.
            signal.signal(number, signal.SIG_DFL if number == signal.SIGCHLD else _nothing)


def _nothing(*_: object) -> None:
    pass
