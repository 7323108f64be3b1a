"""Leagues, teams, players and matches, and where their rows came from."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from sportsplat.db.columns import (
    NOW,
    check,
    identity,
    json_object,
    metadata,
    moment,
    reference,
    words,
)

leagues = Table(
    "leagues",
    metadata,
    words("code", primary_key=True),
    words("name"),
    words("sport"),
    Column(
        "outcomes",
        ARRAY(Text),
        nullable=False,
        comment="What a match can end as, in the order of every probability array",
    ),
    words("timezone", comment="IANA zone in which match_date is a calendar day"),
    Column(
        "precedence",
        ARRAY(Text),
        nullable=False,
        server_default=sql("'{}'"),
        comment="Sources whose word holds where they contradict each other, first before last; others follow"
        " by name",
    ),
    check("code", "code ~ '^[a-z][a-z0-9_-]*$'"),
    check("outcomes", "outcomes IN (ARRAY['home', 'away'], ARRAY['home', 'draw', 'away'])"),
    comment="Declared in config/leagues.yaml, stored when first ingested",
)

teams = Table(
    "teams",
    metadata,
    identity(),
    reference("league", "leagues.code"),
    words("name"),
    words(
        "named_by",
        nullable=True,
        comment="Source that brought the name; empty: declared, or added by hand",
    ),
    UniqueConstraint("league", "name"),
    UniqueConstraint("league", "id"),
    check("name", "name <> ''"),
    comment="One row a team and league, under the one name kept here",
)

team_aliases = Table(
    "team_aliases",
    metadata,
    words("league"),
    words("source", comment="Whose spelling it is; any: everybody's"),
    words("alias"),
    Column("team_id", BigInteger, nullable=False),
    Column(
        "since",
        Date,
        nullable=False,
        server_default=sql("'-infinity'"),
        comment="First match day on which the name means this team",
    ),
    Column(
        "until",
        Date,
        nullable=False,
        server_default=sql("'infinity'"),
        comment="Last match day on which the name means this team",
    ),
    PrimaryKeyConstraint("league", "source", "alias", "since"),
    check("days", "since <= until"),
    ForeignKeyConstraint(["league", "team_id"], ["teams.league", "teams.id"], ondelete="CASCADE"),
    comment="What a source calls a team; decides before the name does",
)

players = Table(
    "players",
    metadata,
    identity(),
    reference("league", "leagues.code"),
    words("name"),
    words("source"),
    words("source_key", comment="What identifies the player at the source"),
    UniqueConstraint("league", "source", "source_key"),
    check("name", "name <> ''"),
    comment="One row a player and league; two players may share a name",
)

pipeline_runs = Table(
    "pipeline_runs",
    metadata,
    identity(),
    words("kind"),
    words("source", nullable=True),
    words("league", nullable=True),
    words("file", nullable=True),
    words("sha256", nullable=True, comment="Hash of the bytes that were read, lower-case hexadecimal"),
    moment("started_at", server_default=NOW),
    moment("finished_at", "UTC; empty while it runs", nullable=True),
    words(
        "status",
        server_default="running",
        comment="running, done, failed, or abandoned: its process was killed",
    ),
    Column(
        "counts",
        JSONB,
        nullable=False,
        server_default=sql("'{}'"),
        comment="Rows inserted, updated, unchanged and quarantined, by table",
    ),
    words("error", nullable=True),
    check("status", "status IN ('running', 'done', 'failed', 'abandoned')"),
    check("finished", "(status = 'running') = (finished_at IS NULL)"),
    check("sha256", "sha256 ~ '^[0-9a-f]{64}$'"),
    json_object("counts"),
    Index(None, "league", "started_at"),
    comment="One row a run of a job; an ingest has one a file",
)

quarantine = Table(
    "quarantine",
    metadata,
    identity(),
    reference("run_id", "pipeline_runs.id", "CASCADE", index=True),
    words("source"),
    words("league", nullable=True),
    words("file"),
    Column(
        "line",
        Integer,
        nullable=False,
        comment="Line in the file, the header being line 1; 0 for the file as a whole",
    ),
    words("code", comment="Class of reasons, such as impossible-score"),
    words("reason"),
    words("raw"),
    moment("created_at", server_default=NOW),
    moment("resolved_at", "UTC; empty while open", nullable=True),
    check("line", "line >= 0"),
    check("code", "code ~ '^[a-z][a-z0-9-]*$'"),
    check("reason", "reason <> ''"),
    comment="Rows that a source gave and that could not be taken; open until resolved_at",
)
Index(
    "ix_quarantine_open",
    *(quarantine.c[name] for name in ("source", "league", "file", "line")),
    postgresql_where=quarantine.c.resolved_at.is_(None),
)

matches = Table(
    "matches",
    metadata,
    identity(),
    words("league"),
    Column("season", Integer, nullable=False, comment="Year in which the season starts"),
    Column("match_date", Date, nullable=False, comment="Calendar day in the league's own zone"),
    moment("kickoff_utc", "UTC; local midnight that begins match_date when precision is day"),
    words("precision", comment="How exactly the kick-off is known: minute or day"),
    Column("home_id", BigInteger, nullable=False),
    Column("away_id", BigInteger, nullable=False),
    Column(
        "number",
        SmallInteger,
        nullable=False,
        server_default=sql("1"),
        comment="Tells apart two games of one pair at one place on one day, from 1",
    ),
    Column("neutral", Boolean, nullable=False, server_default=sql("false")),
    words("stage", server_default="regular"),
    words(
        "status",
        server_default="scheduled",
        comment="scheduled, final, cancelled, or postponed: not played on its day while its source went on"
        " without it",
    ),
    Column("home_score", Integer, comment="Goals or points at the end, overtime included"),
    Column("away_score", Integer, comment="Goals or points at the end, overtime included"),
    moment("known_at", "UTC; when the result became known, empty while unplayed", nullable=True),
    words("source", comment="Whose word on the result holds"),
    moment("updated_at", "UTC; when this row last changed here", server_default=NOW),
    moment("recorded_at", "UTC; since when this database holds what the row says", server_default=NOW),
    reference(
        "run_id",
        "pipeline_runs.id",
        "SET NULL",
        nullable=True,
        comment="Pipeline run that last changed this row",
    ),
    UniqueConstraint("league", "match_date", "home_id", "away_id", "number"),
    UniqueConstraint("id", "season"),
    ForeignKeyConstraint(["league", "home_id"], ["teams.league", "teams.id"]),
    ForeignKeyConstraint(["league", "away_id"], ["teams.league", "teams.id"]),
    check("season", "season BETWEEN 1850 AND 2200"),
    check("two_teams", "home_id <> away_id"),
    check("number", "number >= 1"),
    check("precision", "precision IN ('minute', 'day')"),
    check("stage", "stage IN ('regular', 'playoff')"),
    check("status", "status IN ('scheduled', 'postponed', 'cancelled', 'final')"),
    check("scores", "home_score >= 0 AND away_score >= 0"),
    check(
        "result",
        "num_nonnulls(home_score, away_score, known_at) = CASE status WHEN 'final' THEN 3 ELSE 0 END",
    ),
    check("known_after_kickoff", "known_at >= kickoff_utc"),
    check(
        "kickoff_on_match_date",
        "(kickoff_utc AT TIME ZONE 'UTC')::date BETWEEN match_date - 1 AND match_date + 1",
    ),
    Index(None, "league", "kickoff_utc"),
    Index(None, "home_id", "kickoff_utc"),
    Index(None, "away_id", "kickoff_utc"),
    comment="One row a match; a final one has both scores and the moment they became known",
)
