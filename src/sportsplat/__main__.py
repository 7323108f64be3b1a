"""The program's first lines, ready for Ctrl-C before anything heavy is loaded."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time

_STOPS = (signal.SIGINT, signal.SIGTERM)


def main() -> None:
    """Run the program on `sys.argv` and exit with the code of the command line's contract.

    A polite request to stop (SIGTERM) ends a command as Ctrl-C does: what was stored is whole. While modules
    are loaded both wait for a moment, so that no library sees itself interrupted half-way.
    """
    started = time.perf_counter()
    signal.signal(signal.SIGTERM, _interrupt)
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    no_stdout = sys.stdout is None
    _open_closed_streams()
    gc.disable()  # what is loaded stays: looking through it takes a tenth of a short command's time
    from sportsplat.cli.command import from_unforeseen, report
    from sportsplat.cli.main import app
    from sportsplat.cli.output import closed_stdout, has_answered

    gc.enable()
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        if no_stdout:
            sys.exit(report(closed_stdout(), name="", as_json=False, started=started))
        app()
    except KeyboardInterrupt as stopped:  # before a command began, or a second one during its report
        as_json = "--json" in sys.argv and not has_answered()
        sys.exit(report(from_unforeseen(stopped), name="", as_json=as_json, started=started))
    finally:
        # All output is done. While Python exits, another Ctrl-C would change the exit code; SIGTERM ends it
        # all the same, should a library's thread keep it from ending.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _open_closed_streams() -> None:
    """Let no file or socket that is opened later take the number of a stream that the caller closed."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
