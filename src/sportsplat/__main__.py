"""The program's first lines, ready for Ctrl-C before anything heavy is loaded."""

from __future__ import annotations

import gc
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
    gc.disable()  # what is loaded stays: looking through it takes a tenth of a short command's time
    from sportsplat.cli.app import app
    from sportsplat.cli.output import has_answered
    from sportsplat.cli.render import from_unforeseen, report

    gc.enable()
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        app()
    except KeyboardInterrupt as stopped:  # before a command began, or a second one while the first was told
        as_json = "--json" in sys.argv and not has_answered()
        sys.exit(report(from_unforeseen(stopped), name="", as_json=as_json, started=started))
    finally:
        # All is said. While Python ends, another Ctrl-C would change the code that is told; SIGTERM ends it
        # all the same, should a library's thread keep it from ending.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
