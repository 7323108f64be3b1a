"""Tables of what facts said before something else took its place; each key is the fact's, and a moment."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, DOUBLE_PRECISION, JSONB

from sportsplat.db.columns import KNOWN, metadata, moment, number, reference, words

HELD = "UTC; since when the database held this, until the next one; -infinity: since before it took note"

team_stat_revisions = Table(
    "team_stat_revisions",
    metadata,
    reference("match_id", "matches.id", "CASCADE"),
    Column("team_id", BigInteger, nullable=False),
    words("source"),
    number("stats", JSONB),
    moment("known_at", KNOWN),
    moment("recorded_at", HELD),
    PrimaryKeyConstraint("match_id", "team_id", "source", "recorded_at"),
    comment="What a box score said before",
)

quote_revisions = Table(
    "quote_revisions",
    metadata,
    reference("match_id", "matches.id", "CASCADE"),
    words("bookmaker", collation="C"),
    words("market", collation="C"),
    words("outcome", collation="C"),
    number("line", nullable=True),
    number("is_closing", Boolean),
    moment("quoted_at", "UTC; when the source says that it was taken; empty when closing", nullable=True),
    number("decimal_odds"),
    moment("known_at", KNOWN),
    moment("recorded_at", HELD),
    UniqueConstraint(
        *("match_id", "bookmaker", "market", "outcome", "line", "is_closing", "quoted_at", "recorded_at"),
        name="uq_quote_revisions_natural_key",
        postgresql_nulls_not_distinct=True,
    ),
    comment="What a price was before it was corrected",
)

forecast_revisions = Table(
    "forecast_revisions",
    metadata,
    reference("match_id", "matches.id", "CASCADE"),
    words("publisher"),
    Column("probabilities", ARRAY(DOUBLE_PRECISION), nullable=False),
    moment("known_at", KNOWN),
    moment("recorded_at", HELD),
    PrimaryKeyConstraint("match_id", "publisher", "recorded_at"),
    comment="What a published forecast said before",
)

detail_revisions = Table(
    "detail_revisions",
    metadata,
    reference("match_id", "matches.id", "CASCADE"),
    words("source"),
    words("phase"),
    number("details", JSONB),
    moment("known_at", KNOWN),
    moment("recorded_at", HELD),
    PrimaryKeyConstraint("match_id", "source", "phase", "recorded_at"),
    comment="What the details of a match said before",
)
