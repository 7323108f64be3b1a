"""Tables of what each source says of a match, beside what holds: claims, details, and what held before."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from sportsplat.db.columns import KNOWN, NOW, check, json_object, metadata, moment, recorded, reference, words

RESULT = "num_nonnulls(home_score, away_score, known_at) = CASE status WHEN 'final' THEN 3 ELSE 0 END"
BECAME_KNOWN = "UTC; when the result became known, empty while unplayed"

match_claims = Table(
    "match_claims",
    metadata,
    reference("match_id", "matches.id", "CASCADE"),
    words("source"),
    Column("season", Integer, nullable=False),
    Column("match_date", Date, nullable=False, comment="Calendar day as the source tells it"),
    moment("kickoff_utc"),
    words("precision"),
    Column("home_id", BigInteger, nullable=False, comment="Either team of the match"),
    Column("away_id", BigInteger, nullable=False, comment="The other one"),
    Column("number", SmallInteger, nullable=False),
    Column("neutral", Boolean, nullable=False),
    words("stage"),
    words(
        "status",
        comment="As in matches; withdrawn: a later file of the source covers the day and has the"
        " fixture no more",
    ),
    Column("home_score", Integer),
    Column("away_score", Integer),
    moment("known_at", BECAME_KNOWN, nullable=True),
    moment("recorded_at", "UTC; since when the source is known to say so", server_default=NOW),
    Column("run_id", BigInteger, comment="Pipeline run that last changed this row"),
    PrimaryKeyConstraint("match_id", "source"),
    UniqueConstraint("source", "match_date", "home_id", "away_id", "number"),
    check("status", "status IN ('withdrawn', 'scheduled', 'cancelled', 'final')"),
    check("result", RESULT),
    comment="What each source says of a match, home and away as it names them; matches holds what counts",
)

match_revisions = Table(
    "match_revisions",
    metadata,
    reference("match_id", "matches.id", "CASCADE"),
    moment("recorded_at", "UTC; since when the database held this"),
    moment("superseded_at", "UTC; when something else took its place"),
    Column("season", Integer, nullable=False),
    Column("match_date", Date, nullable=False),
    moment("kickoff_utc"),
    words("precision"),
    Column("home_id", BigInteger, nullable=False),
    Column("away_id", BigInteger, nullable=False),
    Column("number", SmallInteger, nullable=False),
    Column("neutral", Boolean, nullable=False),
    words("stage"),
    words("status"),
    Column("home_score", Integer),
    Column("away_score", Integer),
    moment("known_at", BECAME_KNOWN, nullable=True),
    words("source"),
    PrimaryKeyConstraint("match_id", "superseded_at"),
    check("held", "recorded_at < superseded_at"),
    comment="What a match's row said before, and when: the past as it was held then",
)

match_details = Table(
    "match_details",
    metadata,
    reference("match_id", "matches.id", "CASCADE"),
    words("source"),
    words(
        "phase",
        comment="schedule: told with the fixture; start: known at the start; result: known with the result",
    ),
    Column(
        "details",
        JSONB,
        nullable=False,
        comment="Plain values by name; home and away as the source names them",
    ),
    moment("known_at", KNOWN),
    recorded(),
    PrimaryKeyConstraint("match_id", "source", "phase"),
    check("phase", "phase IN ('schedule', 'start', 'result')"),
    json_object("details"),
    comment="What a source says of a match besides its result: stadium, weather, line-ups",
)
