"""How long work reports its progress; `cli.progress` shows it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """What long work is handed and calls: `progress(done, total, "reading E0.csv")`."""

    def __call__(
        self, completed: float | None = None, total: float | None = None, description: str | None = None
    ) -> None:
        """Set what is known; None leaves it."""


def silent(
    completed: float | None = None, total: float | None = None, description: str | None = None
) -> None:
    """Report no progress."""
