"""docs/errors.md has a row for every code, rendered from the registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from sportsplat import error_page
from sportsplat.error_codes import CODES


def test_the_committed_page_is_what_the_registry_renders() -> None:
    """When stale: python -m sportsplat.error_page."""
    assert error_page.main(["--check"]) == 0


def test_the_page_has_a_row_for_every_code() -> None:
    rows = [line for line in error_page.render().splitlines() if line.startswith("| `")]
    assert sorted(row.split("`")[1] for row in rows) == sorted(CODES)
    assert (
        "| `PORT_TAKEN` | 5 | 409 | yes | The port is in use by another process. | "
        "Use another port: `sportsplat up --port auto`, for the API `sportsplat serve --port PORT`. |" in rows
    )


def test_a_stale_page_is_reported_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(error_page, "PAGE", tmp_path / "errors.md")
    assert error_page.main(["--check"]) == 1
    assert "docs/errors.md is stale" in capsys.readouterr().err
    assert error_page.main([]) == 0
    assert error_page.main(["--check"]) == 0
