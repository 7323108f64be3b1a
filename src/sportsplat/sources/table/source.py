"""Any table: a CSV, Parquet or Excel file of the user's own, with a mapping that says what its columns mean.

Read by `jobs/ingest/table.py`, since what a row is depends on the mapping; see `docs/table.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote

from sportsplat.domain import Batch
from sportsplat.errors import UsageError
from sportsplat.leagues.league import League
from sportsplat.sources.base import Payload, Source
from sportsplat.sources.table.matches import NAME


class TableSource(Source):
    """The source `table`."""

    name = NAME
    title = "Any CSV, Parquet or Excel file, read with a mapping"
    licence = "that of your file"
    gives = (
        "matches",
        "quotes of every market, any number of them",
        "team statistics",
        "forecasts",
    )
    needs = ("--mapping", "MAPPING.yaml")

    def serve(self, leagues: Mapping[str, League]) -> None:
        """Serve each of `leagues`."""
        self.leagues = tuple(leagues)

    def parse(self, payload: Payload, league: League | None, leagues: Mapping[str, League]) -> Batch:  # noqa: ARG002
        """Raise UsageError (`MAPPING_NEEDED`): bytes alone do not say what their columns mean."""
        raise UsageError(
            f"{payload.name} needs a mapping that says what its columns mean",
            code="MAPPING_NEEDED",
            fix=f"sportsplat ingest table {quote(payload.name)} --suggest",
        )
