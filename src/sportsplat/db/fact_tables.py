"""What belongs to a match: box scores, quotes, forecasts of others, features."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, DOUBLE_PRECISION, JSONB

from sportsplat.db.columns import (
    KNOWN,
    NOW,
    check,
    json_object,
    metadata,
    moment,
    number,
    price,
    probabilities,
    recorded,
    reference,
    words,
)

STAT_NAMES = "Plain numbers by stat name, as the sport declares them"

team_match_stats = Table(
    "team_match_stats",
    metadata,
    reference("match_id", "matches.id", "CASCADE"),
    reference("team_id", "teams.id"),
    number("is_home", Boolean),
    number("stats", JSONB, comment=STAT_NAMES),
    moment("known_at", KNOWN),
    words("source", comment="Who says so; box_scores merges what several say"),
    recorded(),
    PrimaryKeyConstraint("match_id", "team_id", "source"),
    json_object("stats"),
    comment="One team's box score of one match, as one source gives it",
)

player_match_stats = Table(
    "player_match_stats",
    metadata,
    reference("match_id", "matches.id", "CASCADE"),
    reference("player_id", "players.id", index=True),
    reference("team_id", "teams.id"),
    number("stats", JSONB, comment=STAT_NAMES),
    moment("known_at", KNOWN),
    PrimaryKeyConstraint("match_id", "player_id"),
    json_object("stats"),
    comment="One player's box score of one match",
)

quotes = Table(
    "quotes",
    metadata,
    Column("match_id", BigInteger, nullable=False),
    words("bookmaker", collation="C"),
    words("market", collation="C", comment="result, spread (line is added to the home score) or total"),
    words("outcome", collation="C"),
    number("line", nullable=True, comment="Goals or points; empty for the result market"),
    number("is_closing", Boolean, comment="The last price before the start"),
    number("decimal_odds", comment="Units returned for one unit staked, stake included"),
    moment("quoted_at", "UTC; when the source says that it was taken; empty when closing", nullable=True),
    moment("known_at", KNOWN),
    number(
        "season", SmallInteger, comment="That of the match, which it follows; each has a partition of its own"
    ),
    recorded(),
    ForeignKeyConstraint(
        ["match_id", "season"], ["matches.id", "matches.season"], onupdate="CASCADE", ondelete="CASCADE"
    ),
    UniqueConstraint(
        *("match_id", "bookmaker", "market", "outcome", "line", "is_closing", "quoted_at", "season"),
        name="uq_quotes_natural_key",
        postgresql_nulls_not_distinct=True,
    ),
    check("market", "market IN ('result', 'spread', 'total')"),
    check(
        "outcome",
        "CASE market WHEN 'result' THEN outcome IN ('home', 'draw', 'away')"
        " WHEN 'spread' THEN outcome IN ('home', 'away') ELSE outcome IN ('over', 'under') END",
    ),
    check(
        "line",
        "CASE market WHEN 'result' THEN line IS NULL"
        " ELSE line IS NOT NULL AND abs(line) < 'Infinity'::double precision END",
    ),
    price("decimal_odds"),
    check("known_after_quoted", "known_at >= quoted_at"),
    check("closing_without_moment", "NOT is_closing OR quoted_at IS NULL"),
    comment="One price of one outcome; its key begins with the match, so it needs no other index",
    postgresql_partition_by="LIST (season)",
)

forecasts = Table(
    "forecasts",
    metadata,
    reference("match_id", "matches.id", "CASCADE"),
    words("publisher", index=True),
    *probabilities(
        "Each 0 to 1, over the league's outcomes in their order; rounding may move the sum by 0.01",
        "{total} BETWEEN 0.99 AND 1.01",
    ),
    moment("known_at", KNOWN),
    recorded(),
    PrimaryKeyConstraint("match_id", "publisher"),
    comment="Probabilities that others published, scored side by side with ours",
)

feature_manifests = Table(
    "feature_manifests",
    metadata,
    words("hash", primary_key=True),
    Column("names", ARRAY(Text), nullable=False),
    check("names", "cardinality(names) > 0"),
    comment="Which features stand in which order",
)

match_features = Table(
    "match_features",
    metadata,
    reference("match_id", "matches.id", "CASCADE"),
    reference("manifest", "feature_manifests.hash"),
    moment("decision_at", "UTC; only what was known by then is in the values"),
    Column(
        "values", ARRAY(DOUBLE_PRECISION), nullable=False, comment="In the manifest's order; NaN is a gap"
    ),
    moment("computed_at", server_default=NOW),
    PrimaryKeyConstraint("match_id", "manifest"),
    check("values", "array_ndims(values) = 1"),
    comment="One row of features a match and manifest",
)
