"""Processes for work that is a pure function of its arguments."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager


@contextmanager
def worker_pool(workers: int) -> Iterator[Executor | None]:
    """Yield a pool of fresh processes, or None where a single one would do the work.

    Fresh rather than forked: a fork would inherit the threads of a progress bar and of OpenMP half alive.
    Whatever ends the `with` block early ends the processes at once.
    """
    workers = min(workers, os.cpu_count() or 1)
    if workers < 2:
        yield None
        return
    spawn = multiprocessing.get_context("spawn")
    before = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(workers, mp_context=spawn, initializer=_leave_interrupts_to_the_parent)
    try:
        yield executor
        executor.shutdown()
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
