"""The tables as SQLAlchemy sees them: names, types, constraints, comments.

The migrations make the schema; these say the same thing once more, for queries built in Python. Two tests
hold the two together: Alembic finds nothing to change, and a database made from here has the same catalogue.
Every time is `timestamptz`; every constraint has a name.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, DOUBLE_PRECISION, JSONB

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

NOW = sql("now()")
KNOWN = "UTC; from when a decision may use it"


def identity() -> Column[int]:
    """Return the surrogate key that the database itself counts."""
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def moment(name: str, comment: str = "UTC", **keywords: Any) -> Column[Any]:
    """Return a point in time."""
    return Column(name, DateTime(timezone=True), comment=comment, **{"nullable": False, **keywords})


def recorded() -> Column[Any]:
    """Return since when the database holds what a row says."""
    comment = "UTC; since when the database has these values; empty: before revision 0015"
    return moment("recorded_at", comment, nullable=True, server_default=NOW)


def brought() -> Column[int]:
    """Return which run last changed a row."""
    return Column(
        "run_id",
        BigInteger,
        server_default=sql("(NULLIF(current_setting('sportsplat.run'::text, true), ''::text))::bigint"),
        comment="Pipeline run that last changed this row; empty: before revision 0018",
    )


def words(name: str, *, collation: str | None = None, **keywords: Any) -> Column[str]:
    """Return a text column."""
    return Column(name, Text(collation=collation), **{"nullable": False, **keywords})


def number(name: str, kind: Any = DOUBLE_PRECISION, **keywords: Any) -> Column[Any]:
    """Return a column of numbers or flags, double precision unless `kind` says otherwise."""
    return Column(name, kind, **{"nullable": False, **keywords})


def reference(name: str, target: str, on_delete: str | None = None, **keywords: Any) -> Column[Any]:
    """Return a column that points at one column of another table; its type is the target's."""
    return Column(name, ForeignKey(target, ondelete=on_delete), **{"nullable": False, **keywords})


def check(name: str, condition: str) -> CheckConstraint:
    """Return a check whose full name is `ck_<table>_<name>`."""
    return CheckConstraint(condition, name=name)


def json_object(column: str) -> CheckConstraint:
    """Return the check that a jsonb column holds an object."""
    return check(column, f"jsonb_typeof({column}) = 'object'")


def price(column: str) -> CheckConstraint:
    """Return the check of decimal odds; NaN counts as larger than infinity, so the bound refuses both."""
    return check(column, f"{column} > 1 AND {column} < 'Infinity'::double precision")


def probabilities(comment: str, sum_rule: str) -> tuple[Any, ...]:
    """Return the column of probabilities with its checks; `sum_rule` uses `{total}`."""
    total = "probabilities[1] + probabilities[2] + coalesce(probabilities[3], 0)"
    return (
        Column("probabilities", ARRAY(DOUBLE_PRECISION), nullable=False, comment=comment),
        check("length", "array_ndims(probabilities) = 1 AND cardinality(probabilities) BETWEEN 2 AND 3"),
        check(
            "range",
            "0 <= ALL (probabilities) AND 1 >= ALL (probabilities)"
            " AND array_position(probabilities, NULL) IS NULL",
        ),
        check("sum", sum_rule.format(total=total)),
    )


RESULT = "num_nonnulls(home_score, away_score, known_at) = CASE status WHEN 'final' THEN 3 ELSE 0 END"
BECAME_KNOWN = "UTC; when the result became known, empty while unplayed"

match_claims = Table(
    "match_claims",
    metadata,
    reference("match_id", "matches.id", "CASCADE"),
    words("source"),
    Column("season", Integer, nullable=False),
    Column("match_date", Date, nullable=False, comment="Calendar day as the source reports it"),
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
    moment(
        "recorded_at",
        "UTC; the first moment at which the source is known to have reported these values",
        server_default=NOW,
    ),
    Column("run_id", BigInteger, comment="Pipeline run that last changed this row"),
    PrimaryKeyConstraint("match_id", "source"),
    UniqueConstraint("source", "match_date", "home_id", "away_id", "number"),
    check("status", "status IN ('withdrawn', 'scheduled', 'cancelled', 'final')"),
    check("result", RESULT),
    comment="What each source reports for a match, home and away as it has them; matches has the values in"
    " use",
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
    comment="Earlier values of a match's row, and when each was in use",
)

match_details = Table(
    "match_details",
    metadata,
    reference("match_id", "matches.id", "CASCADE"),
    words("source"),
    words(
        "phase",
        comment="schedule: published with the fixture; start: known at the start; result: known with the"
        " result",
    ),
    Column(
        "details",
        JSONB,
        nullable=False,
        comment="Plain values by name; home and away as the source names them",
    ),
    moment("known_at", KNOWN),
    recorded(),
    brought(),
    PrimaryKeyConstraint("match_id", "source", "phase"),
    check("phase", "phase IN ('schedule', 'start', 'result')"),
    json_object("details"),
    comment="What a source reports for a match besides its result: stadium, weather, line-ups",
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
    words("source", comment="Source of the values; the view box_scores merges several sources"),
    recorded(),
    brought(),
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
    moment(
        "quoted_at",
        "UTC; when the price was taken, as the source reports it; empty when closing",
        nullable=True,
    ),
    moment("known_at", KNOWN),
    number(
        "season", SmallInteger, comment="That of the match, which it follows; each has a partition of its own"
    ),
    recorded(),
    brought(),
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
    brought(),
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
        comment="Sources in the order in which their values are preferred where they differ; others follow by"
        " name",
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
        comment="running, done, failed, abandoned: its process was killed, or undone: taken back",
    ),
    Column(
        "counts",
        JSONB,
        nullable=False,
        server_default=sql("'{}'"),
        comment="Rows inserted, updated, unchanged and quarantined, by table",
    ),
    words("error", nullable=True),
    check("status", "status IN ('running', 'done', 'failed', 'abandoned', 'undone')"),
    check("finished", "(status = 'running') = (finished_at IS NULL)"),
    check("sha256", "sha256 ~ '^[0-9a-f]{64}$'"),
    json_object("counts"),
    Index(None, "league", "started_at"),
    comment="One row a run of a job; an ingest has one a file",
)

run_changes = Table(
    "run_changes",
    metadata,
    identity(),
    reference("run_id", "pipeline_runs.id", "CASCADE"),
    words("table_name"),
    Column(
        "key",
        JSONB,
        nullable=False,
        comment="Values of the key columns of the row, in their order",
    ),
    Column("before", JSONB, comment="The row as it was before the run; empty: there was none"),
    Column("came_from", JSONB, comment="The key that the row had before the run gave it this one"),
    UniqueConstraint("run_id", "table_name", "key"),
    Index(None, "table_name", "key"),
    comment="Values of a row before a run changed or removed it",
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
    words("source", comment="Source of the result"),
    moment("updated_at", "UTC; when this row last changed here", server_default=NOW),
    moment("recorded_at", "UTC; since when the database has these values", server_default=NOW),
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


models = Table(
    "models",
    metadata,
    identity(),
    reference("league", "leagues.code"),
    words("kind"),
    moment("trained_until", "UTC; nothing known later was seen"),
    moment("created_at", server_default=NOW),
    reference(
        "manifest",
        "feature_manifests.hash",
        nullable=True,
        comment="Exact features, in order; empty for a model that uses none",
    ),
    number("parameters", JSONB),
    number("card", JSONB, comment="Model card: data fingerprint, cut-off, scores beside the baselines"),
    number("artifact", JSONB),
    words("booster", nullable=True, comment="LightGBM text model; empty for other kinds"),
    number("seed", BigInteger),
    UniqueConstraint("league", "id"),
    check("kind", "kind ~ '^[a-z][a-z0-9_]*$'"),
    *(json_object(column) for column in ("parameters", "card", "artifact")),
    comment="Fitted predictors with everything needed to use and to judge them",
)

model_promotions = Table(
    "model_promotions",
    metadata,
    identity(),
    words("league"),
    number("model_id", BigInteger),
    moment("promoted_at", server_default=NOW),
    words("reason"),
    ForeignKeyConstraint(["league", "model_id"], ["models.league", "models.id"]),
    Index(None, "league", "id"),
    comment="Which model serves a league: the newest row of that league",
)

predictions = Table(
    "predictions",
    metadata,
    identity(),
    reference("match_id", "matches.id"),
    reference("model_id", "models.id"),
    moment("predicted_at", "UTC; when it was computed", server_default=NOW),
    moment("as_of", "UTC; only what was known by then was used"),
    *probabilities(
        "Each 0 to 1, summing to 1, over the league's outcomes in their order", "abs({total} - 1) < 1e-6"
    ),
    UniqueConstraint("match_id", "model_id", "as_of"),
    Index(None, "model_id", "predicted_at"),
    comment="Our forecasts, never overwritten: a later one has a later as_of",
)

backtests = Table(
    "backtests",
    metadata,
    words("run_id", primary_key=True),
    reference("league", "leagues.code"),
    words("model"),
    number("seed", BigInteger),
    moment("created_at", server_default=NOW),
    number("result", JSONB, comment="The object that `sportsplat backtest --json` answered with"),
    json_object("result"),
    Index(None, "league", "created_at"),
    comment="One row a walk-forward run",
)

bets = Table(
    "bets",
    metadata,
    reference("run_id", "backtests.run_id", "CASCADE"),
    reference("match_id", "matches.id"),
    words("outcome"),
    words("bookmaker"),
    moment("placed_at", "UTC; decision moment"),
    moment("settled_at", "UTC; when the result became known"),
    number("probability", comment="The model's, 0 to 1"),
    number("decimal_odds", comment="Entry price: units returned for one unit staked, stake included"),
    number(
        "benchmark_odds",
        nullable=True,
        comment="Benchmark price of the same outcome, empty where there is none",
    ),
    number("stake", comment="Units of the bankroll"),
    number("profit", comment="Units won, or lost when negative"),
    PrimaryKeyConstraint("run_id", "match_id", "outcome"),
    check("outcome", "outcome IN ('home', 'draw', 'away')"),
    check("order", "settled_at >= placed_at"),
    check("probability", "probability >= 0 AND probability <= 1"),
    price("decimal_odds"),
    price("benchmark_odds"),
    check("stake", "stake > 0 AND stake < 'Infinity'::double precision"),
    check("profit", "profit >= -stake AND profit <= stake * (decimal_odds - 1) * (1 + 1e-9)"),
    comment="One row a bet that a backtest placed and settled",
)


HELD = "UTC; from when on the database had these values; -infinity: before revision 0015"

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
    comment="Earlier values of a box score",
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
    moment(
        "quoted_at",
        "UTC; when the price was taken, as the source reports it; empty when closing",
        nullable=True,
    ),
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
    comment="Earlier values of a published forecast",
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
    comment="Earlier values of the details of a match",
)


__all__ = [
    "backtests",
    "bets",
    "detail_revisions",
    "feature_manifests",
    "forecast_revisions",
    "forecasts",
    "leagues",
    "match_claims",
    "match_details",
    "match_features",
    "match_revisions",
    "matches",
    "metadata",
    "model_promotions",
    "models",
    "pipeline_runs",
    "player_match_stats",
    "players",
    "predictions",
    "quarantine",
    "quote_revisions",
    "quotes",
    "team_aliases",
    "team_match_stats",
    "team_stat_revisions",
    "teams",
]
