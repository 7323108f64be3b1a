"""Progress of long work on stderr: a bar on a terminal, a line now and then elsewhere, nothing when asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING

from sportsplat.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console

FIRST_LINE_AFTER_S = 2.0
LINE_EVERY_S = 10.0


class _Tracked:
    """Keeps the numbers and tells `show` after each change."""

    def __init__(self, description: str, total: float | None, show: Callable[[_Tracked], None]) -> None:
        self.description = description
        self.total = total
        self.completed = 0.0
        self._show = show

    def __call__(
        self, completed: float | None = None, total: float | None = None, description: str | None = None
    ) -> None:
        self.completed = self.completed if completed is None else completed
        self.total = self.total if total is None else total
        self.description = self.description if description is None else description
        self._show(self)


@contextmanager
def open_progress(
    description: str,
    total: float | None = None,
    *,
    console: Console | None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Progress]:
    """Show progress for the length of a `with` block. `console` is stderr's; None shows nothing."""
    if console is None:
        yield _Tracked(description, total, lambda _: None)
    elif console.is_terminal:
        with _bar(description, total, console) as tracked:
            yield tracked
    else:
        yield _lines(description, total, console, clock)


@contextmanager
def open_when_used(opened: Callable[[str], AbstractContextManager[Progress]]) -> Iterator[Progress]:
    """Show progress from the first report on, which names it: most runs have nothing to wait for."""
    with ExitStack() as stack:
        shown: list[Progress] = []

        def show(
            completed: float | None = None, total: float | None = None, description: str | None = None
        ) -> None:
            if not shown:
                shown.append(stack.enter_context(opened(description or "")))
            shown[0](completed, total, description)

        yield show


@contextmanager
def _bar(description: str, total: float | None, console: Console) -> Iterator[Progress]:
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    named = TextColumn("{task.description}", markup=False)
    with Bar(
        SpinnerColumn(),
        named,
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task(description, total=total)
        yield _Tracked(
            description,
            total,
            lambda now: bar.update(
                task, description=now.description, total=now.total, completed=now.completed
            ),
        )


def _lines(description: str, total: float | None, console: Console, clock: Callable[[], float]) -> Progress:
    started = clock()
    due = [started + FIRST_LINE_AFTER_S]

    def show(now: _Tracked) -> None:
        moment = clock()
        if moment >= due[0]:
            due[0] = moment + LINE_EVERY_S
            done = f"{now.completed:,.0f}" + (f" of {now.total:,.0f}" if now.total else "")
            console.print(f"{now.description}: {done} ({moment - started:.0f} s)", markup=False)

    return _Tracked(description, total, show)
