"""Views with team names for matches, quotes and predictions; comments in plain English."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

OUTCOME = """CASE WHEN m.home_score > m.away_score THEN 'home'
            WHEN m.home_score < m.away_score THEN 'away'
            WHEN m.home_score = m.away_score THEN 'draw' END AS outcome"""

VIEWS = """
CREATE VIEW matches_readable AS
SELECT m.id AS match_id, l.sport, m.league, m.season, m.match_date, m.kickoff_utc, m.stage, m.neutral,
       m.status, home.name AS home, away.name AS away, m.home_score, m.away_score,
       {outcome},
       m.source, m.known_at
FROM matches AS m
JOIN leagues AS l ON l.code = m.league
JOIN teams AS home ON home.id = m.home_id
JOIN teams AS away ON away.id = m.away_id;
COMMENT ON VIEW matches_readable IS
    'Matches with team names; outcome is home, draw or away, empty while unplayed';

CREATE VIEW quotes_readable AS
SELECT q.match_id, m.league, q.season, m.match_date, m.kickoff_utc, home.name AS home, away.name AS away,
       q.bookmaker, q.market, q.outcome AS priced_outcome, q.line, q.is_closing, q.decimal_odds,
       q.quoted_at, q.known_at
FROM quotes AS q
JOIN matches AS m ON m.id = q.match_id AND m.season = q.season
JOIN teams AS home ON home.id = m.home_id
JOIN teams AS away ON away.id = m.away_id;
COMMENT ON VIEW quotes_readable IS
    'Prices with team names; priced_outcome is home, draw or away, in the market total over or under';

CREATE VIEW predictions_readable AS
SELECT p.id AS prediction_id, p.match_id, m.league, m.season, m.match_date, m.kickoff_utc,
       home.name AS home, away.name AS away, p.model_id, o.kind AS model, p.as_of, p.predicted_at,
       p.probabilities[array_position(l.outcomes, 'home')] AS home_probability,
       p.probabilities[array_position(l.outcomes, 'draw')] AS draw_probability,
       p.probabilities[array_position(l.outcomes, 'away')] AS away_probability,
       m.home_score, m.away_score,
       {outcome}
FROM predictions AS p
JOIN models AS o ON o.id = p.model_id
JOIN matches AS m ON m.id = p.match_id
JOIN leagues AS l ON l.code = m.league
JOIN teams AS home ON home.id = m.home_id
JOIN teams AS away ON away.id = m.away_id;
COMMENT ON VIEW predictions_readable IS
    'Forecasts of ours with team names and results; draw_probability is empty in leagues without draws';
"""

# Default privileges let the application role write to views as if they were tables.
ONLY_SELECT = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sportsplat_app') THEN
        REVOKE INSERT, UPDATE, DELETE ON matches_readable, quotes_readable, predictions_readable
            FROM sportsplat_app;
    END IF;
END
$$;
"""

FACTS = ("quotes", "team_match_stats", "forecasts", "match_details")
REVISIONS = ("quote_revisions", "team_stat_revisions", "forecast_revisions", "detail_revisions")
# Each with its text before and after.
COMMENTS = [
    (
        [f"COLUMN {table}.recorded_at" for table in FACTS],
        "UTC; since when this database holds what the row says; empty: since before it took note",
        "UTC; since when the database has these values; empty: before revision 0015",
    ),
    (
        [f"COLUMN {table}.recorded_at" for table in REVISIONS],
        "UTC; since when the database held this, until the next one; -infinity: since before it took note",
        "UTC; from when on the database had these values; -infinity: before revision 0015",
    ),
    (
        [f"COLUMN {table}.run_id" for table in FACTS],
        "Pipeline run that last changed this row; empty: nobody took note",
        "Pipeline run that last changed this row; empty: before revision 0018",
    ),
    (
        ["COLUMN matches.recorded_at"],
        "UTC; since when this database holds what the row says",
        "UTC; since when the database has these values",
    ),
    (
        ["COLUMN match_claims.recorded_at"],
        "UTC; since when the source is known to say so",
        "UTC; the first moment at which the source is known to have reported these values",
    ),
    (
        ["COLUMN match_claims.match_date"],
        "Calendar day as the source tells it",
        "Calendar day as the source reports it",
    ),
    (
        ["COLUMN leagues.precedence"],
        "Sources whose word holds where they contradict each other, first before last; others follow by name",
        "Sources in the order in which their values are preferred where they differ; others follow by name",
    ),
    (
        ["COLUMN match_details.phase"],
        "schedule: told with the fixture; start: known at the start; result: known with the result",
        "schedule: published with the fixture; start: known at the start; result: known with the result",
    ),
    (
        ["COLUMN matches.source"],
        "Whose word on the result holds",
        "Source of the result",
    ),
    (
        ["COLUMN team_match_stats.source"],
        "Who says so; box_scores merges what several say",
        "Source of the values; the view box_scores merges several sources",
    ),
    (
        ["COLUMN quotes.quoted_at", "COLUMN quote_revisions.quoted_at"],
        "UTC; when the source says that it was taken; empty when closing",
        "UTC; when the price was taken, as the source reports it; empty when closing",
    ),
    (
        ["COLUMN run_changes.key"],
        "Values of the columns that tell the row apart, in their order",
        "Values of the key columns of the row, in their order",
    ),
    (
        ["TABLE match_claims"],
        "What each source says of a match, home and away as it names them; matches holds what counts",
        "What each source reports for a match, home and away as it has them; matches has the values in use",
    ),
    (
        ["TABLE match_details"],
        "What a source says of a match besides its result: stadium, weather, line-ups",
        "What a source reports for a match besides its result: stadium, weather, line-ups",
    ),
    (
        ["TABLE match_revisions"],
        "What a match''s row said before, and when: the past as it was held then",
        "Earlier values of a match''s row, and when each was in use",
    ),
    (
        ["TABLE team_stat_revisions"],
        "What a box score said before",
        "Earlier values of a box score",
    ),
    (
        ["TABLE forecast_revisions"],
        "What a published forecast said before",
        "Earlier values of a published forecast",
    ),
    (
        ["TABLE detail_revisions"],
        "What the details of a match said before",
        "Earlier values of the details of a match",
    ),
    (
        ["TABLE run_changes"],
        "What a row said before a run changed or removed it",
        "Values of a row before a run changed or removed it",
    ),
    (
        ["VIEW box_scores"],
        "One team''s box score of one match: of each stat the value of the source whose word holds",
        "One team''s box score of one match: of each stat the value of the preferred source",
    ),
    (
        ["VIEW match_conflicts"],
        "Where a source says something else of a match than what holds, one row a match, source and field",
        "Where a source reports another value than the one in use, one row a match, source and field",
    ),
]


def upgrade() -> None:
    op.execute(VIEWS.format(outcome=OUTCOME))
    op.execute(ONLY_SELECT)
    for targets, _, comment in COMMENTS:
        for target in targets:
            op.execute(f"COMMENT ON {target} IS '{comment}'")


def downgrade() -> None:
    for targets, comment, _ in COMMENTS:
        for target in targets:
            op.execute(f"COMMENT ON {target} IS '{comment}'")
    op.execute("DROP VIEW predictions_readable, quotes_readable, matches_readable")
