"""What holds for every batch that any parser makes of any bytes."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence

from sportsplat.domain import Batch, Market, MatchKey, MatchRecord, MatchStatus, Outcome
from sportsplat.leagues.league import League
from sportsplat.sources.base import Payload, decode_text
from sportsplat.sources.reading.blanks import is_blank
from tests.source_seeds import Seed

SIDES = {
    Market.RESULT: {Outcome.HOME, Outcome.DRAW, Outcome.AWAY},
    Market.SPREAD: {Outcome.HOME, Outcome.AWAY},
    Market.TOTAL: {Outcome.OVER, Outcome.UNDER},
}


def check(batches: Sequence[Batch], payload: Payload, leagues: Mapping[str, League], seed: Seed) -> None:
    """Assert that nothing of the file is lost, and that nothing in its batches can be untrue in itself."""
    check_rows(batches, payload, seed)
    for batch in batches:
        check_facts(batch, leagues[batch.league])


def check_facts(batch: Batch, league: League) -> None:
    """Assert that every fact belongs to a match of the batch and can be true."""
    for match in batch.matches:
        check_match(match, league)
    keys = {MatchKey(m.match_date, m.home, m.away, m.number): m for m in batch.matches}
    for quote in batch.quotes:
        assert math.isfinite(quote.decimal_odds)
        assert quote.decimal_odds > 1
        assert quote.outcome in SIDES[quote.market]
        assert (quote.line is None) == (quote.market is Market.RESULT)
        assert quote.line is None or math.isfinite(quote.line)
        assert quote.quoted_at is None or quote.quoted_at <= quote.known_at
        assert not quote.is_closing or quote.quoted_at is None
        assert not quote.is_closing or quote.known_at >= keys[quote.match].kickoff_utc
    for stats in batch.stats:
        assert stats.known_at >= keys[stats.match].kickoff_utc
        assert all(math.isfinite(value) for value in stats.stats.values())
    for forecast in batch.forecasts:
        assert forecast.match in keys
        assert len(forecast.probabilities) == len(league.outcomes)
        assert all(0 <= value <= 1 for value in forecast.probabilities)
        assert abs(sum(forecast.probabilities) - 1) < 0.01
    for detail in batch.details:
        assert detail.match in keys
        assert all(not isinstance(value, float) or math.isfinite(value) for value in detail.details.values())


def check_match(match: MatchRecord, league: League) -> None:
    """Assert that a match is one."""
    assert match.home != match.away
    for name in (match.home, match.away):
        assert name.strip()
        assert "\0" not in name
        name.encode()
    assert (match.home_score is None) == (match.away_score is None) == (match.known_at is None)
    assert (match.status is MatchStatus.FINAL) == (match.home_score is not None)
    assert match.home_score is None or 0 <= match.home_score <= 9999
    assert match.away_score is None or 0 <= match.away_score <= 9999
    assert match.known_at is None or match.known_at >= match.kickoff_utc
    assert match.kickoff_utc.utcoffset() is not None
    assert 1870 <= match.match_date.year < 2200
    assert -1 <= match.season <= 9999  # the rules of the league look at it afterwards
    assert match.number >= 1


def check_rows(batches: Sequence[Batch], payload: Payload, seed: Seed) -> None:
    """Assert that every row that is not blank is a match or rejected, each by its own line."""
    rejected = [row for batch in batches for row in batch.rejected]
    assert all(row.code and row.reason and row.file == payload.name for row in rejected)
    read = sum(batch.rows_read for batch in batches)
    matches = sum(len(batch.matches) for batch in batches)
    if all(row.code != "undeclared-league" for row in rejected):  # one stands for all rows of its league
        assert read <= seed.rows_per_match * matches + len({row.line for row in rejected})
    assert seed.rows_per_match * matches <= read
    if seed.lines:
        rows = list(io.StringIO(decode_text(payload), newline=""))[1:]
        assert all(2 <= row.line <= len(rows) + 1 for row in rejected)
        cells = (row.replace('"', ",").replace("\t", ",").split(",") for row in rows)
        told = sum(any(any(map(str.isalnum, cell)) and not is_blank(cell) for cell in row) for row in cells)
        assert told <= read <= sum(bool(row.strip()) for row in rows)
