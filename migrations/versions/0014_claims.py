"""What each source says of a match, beside what holds; what held before; details; dated aliases."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None
destructive = True

LEAGUES_AND_TEAMS = """
ALTER TABLE leagues ADD COLUMN precedence text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN leagues.precedence IS
    'Sources whose word holds where they contradict each other, first before last; others follow by name';
ALTER TABLE teams ADD COLUMN named_by text;
COMMENT ON COLUMN teams.named_by IS 'Source that brought the name; empty: declared, or added by hand';

ALTER TABLE team_aliases
    ADD COLUMN since date NOT NULL DEFAULT '-infinity',
    ADD COLUMN until date NOT NULL DEFAULT 'infinity',
    DROP CONSTRAINT pk_team_aliases,
    ADD CONSTRAINT pk_team_aliases PRIMARY KEY (league, source, alias, since),
    ADD CONSTRAINT ck_team_aliases_days CHECK (since <= until);
COMMENT ON COLUMN team_aliases.source IS 'Whose spelling it is; any: everybody''s';
COMMENT ON COLUMN team_aliases.since IS 'First match day on which the name means this team';
COMMENT ON COLUMN team_aliases.until IS 'Last match day on which the name means this team';
"""

MATCHES = """
ALTER TABLE matches
    ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now(),
    DROP CONSTRAINT ck_matches_status,
    ADD CONSTRAINT ck_matches_status CHECK (status IN ('scheduled', 'postponed', 'cancelled', 'final'));
UPDATE matches SET recorded_at = updated_at;
COMMENT ON COLUMN matches.status IS
    'scheduled, final, cancelled, or postponed: not played on its day while its source went on without it';
COMMENT ON COLUMN matches.recorded_at IS 'UTC; since when this database holds what the row says';
COMMENT ON COLUMN matches.source IS 'Whose word on the result holds';
"""

CLAIMS = """
CREATE TABLE match_claims (
    match_id bigint NOT NULL
        CONSTRAINT fk_match_claims_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    source text NOT NULL,
    season integer NOT NULL,
    match_date date NOT NULL,
    kickoff_utc timestamptz NOT NULL,
    precision text NOT NULL,
    home_id bigint NOT NULL,
    away_id bigint NOT NULL,
    number smallint NOT NULL,
    neutral boolean NOT NULL,
    stage text NOT NULL,
    status text NOT NULL,
    home_score integer,
    away_score integer,
    known_at timestamptz,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    run_id bigint,
    CONSTRAINT pk_match_claims PRIMARY KEY (match_id, source),
    CONSTRAINT uq_match_claims_source_match_date_home_id_away_id_number
        UNIQUE (source, match_date, home_id, away_id, number),
    CONSTRAINT ck_match_claims_status CHECK (status IN ('withdrawn', 'scheduled', 'cancelled', 'final')),
    CONSTRAINT ck_match_claims_result
        CHECK (num_nonnulls(home_score, away_score, known_at) = CASE status WHEN 'final' THEN 3 ELSE 0 END)
);
COMMENT ON TABLE match_claims IS
    'What each source says of a match, home and away as it names them; matches holds what counts';
COMMENT ON COLUMN match_claims.home_id IS 'Either team of the match';
COMMENT ON COLUMN match_claims.away_id IS 'The other one';
COMMENT ON COLUMN match_claims.match_date IS 'Calendar day as the source tells it';
COMMENT ON COLUMN match_claims.status IS
    'As in matches; withdrawn: a later file of the source covers the day and has the fixture no more';
COMMENT ON COLUMN match_claims.kickoff_utc IS 'UTC';
COMMENT ON COLUMN match_claims.known_at IS 'UTC; when the result became known, empty while unplayed';
COMMENT ON COLUMN match_claims.recorded_at IS 'UTC; since when the source is known to say so';
COMMENT ON COLUMN match_claims.run_id IS 'Pipeline run that last changed this row';
INSERT INTO match_claims (match_id, source, season, match_date, kickoff_utc, precision, home_id, away_id,
                          number, neutral, stage, status, home_score, away_score, known_at, recorded_at,
                          run_id)
SELECT id, source, season, match_date, kickoff_utc, precision, home_id, away_id, number, neutral, stage,
       status, home_score, away_score, known_at, updated_at, run_id
  FROM matches;
"""

REVISIONS = """
CREATE TABLE match_revisions (
    match_id bigint NOT NULL
        CONSTRAINT fk_match_revisions_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL,
    season integer NOT NULL,
    match_date date NOT NULL,
    kickoff_utc timestamptz NOT NULL,
    precision text NOT NULL,
    home_id bigint NOT NULL,
    away_id bigint NOT NULL,
    number smallint NOT NULL,
    neutral boolean NOT NULL,
    stage text NOT NULL,
    status text NOT NULL,
    home_score integer,
    away_score integer,
    known_at timestamptz,
    source text NOT NULL,
    CONSTRAINT pk_match_revisions PRIMARY KEY (match_id, superseded_at),
    CONSTRAINT ck_match_revisions_held CHECK (recorded_at < superseded_at)
);
COMMENT ON TABLE match_revisions IS 'What a match''s row said before, and when: the past as it was held then';
COMMENT ON COLUMN match_revisions.recorded_at IS 'UTC; since when the database held this';
COMMENT ON COLUMN match_revisions.superseded_at IS 'UTC; when something else took its place';
COMMENT ON COLUMN match_revisions.kickoff_utc IS 'UTC';
COMMENT ON COLUMN match_revisions.known_at IS 'UTC; when the result became known, empty while unplayed';
"""

DETAILS = """
CREATE TABLE match_details (
    match_id bigint NOT NULL
        CONSTRAINT fk_match_details_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    source text NOT NULL,
    phase text NOT NULL,
    details jsonb NOT NULL,
    known_at timestamptz NOT NULL,
    CONSTRAINT pk_match_details PRIMARY KEY (match_id, source, phase),
    CONSTRAINT ck_match_details_phase CHECK (phase IN ('schedule', 'start', 'result')),
    CONSTRAINT ck_match_details_details CHECK (jsonb_typeof(details) = 'object')
);
COMMENT ON TABLE match_details IS
    'What a source says of a match besides its result: stadium, weather, line-ups';
COMMENT ON COLUMN match_details.phase IS
    'schedule: told with the fixture; start: known at the start; result: known with the result';
COMMENT ON COLUMN match_details.details IS 'Plain values by name; home and away as the source names them';
COMMENT ON COLUMN match_details.known_at IS 'UTC; from when a decision may use it';
"""

STATS = """
ALTER TABLE team_match_stats ADD COLUMN source text;
UPDATE team_match_stats s SET source = m.source FROM matches m WHERE m.id = s.match_id;
ALTER TABLE team_match_stats
    ALTER COLUMN source SET NOT NULL,
    DROP CONSTRAINT pk_team_match_stats,
    ADD CONSTRAINT pk_team_match_stats PRIMARY KEY (match_id, team_id, source);
COMMENT ON TABLE team_match_stats IS 'One team''s box score of one match, as one source gives it';
COMMENT ON COLUMN team_match_stats.source IS 'Who says so; box_scores merges what several say';

CREATE VIEW box_scores AS
SELECT s.match_id, s.team_id, s.is_home,
       jsonb_object_agg(e.key, e.value
                        ORDER BY coalesce(array_position(l.precedence, s.source), 1000) DESC, s.source DESC)
           AS stats,
       max(s.known_at) AS known_at
  FROM team_match_stats s
  JOIN matches m ON m.id = s.match_id
  JOIN leagues l ON l.code = m.league
 CROSS JOIN LATERAL jsonb_each(s.stats) AS e
 GROUP BY s.match_id, s.team_id, s.is_home;
COMMENT ON VIEW box_scores IS
    'One team''s box score of one match: of each stat the value of the source whose word holds';
"""

BOX_SCORE = """
CREATE VIEW {sport}_team_stats AS
SELECT s.match_id, m.league, m.season, m.match_date, t.name AS team, s.is_home,
       {columns},
       s.known_at
FROM {relation} AS s
JOIN matches AS m ON m.id = s.match_id
JOIN leagues AS l ON l.code = m.league
JOIN teams AS t ON t.id = s.team_id
WHERE l.sport = '{sport}';
COMMENT ON VIEW {sport}_team_stats IS
    'One team''s box score of one match; a stat that the source does not give is empty';
"""
NAMES = {
    "soccer": "shots shots_on_target corners fouls yellow_cards red_cards half_time_goals",
    "basketball": "points field_goals_made field_goals_attempted threes_made threes_attempted"
    " free_throws_made free_throws_attempted rebounds assists steals blocks turnovers",
    "simulated": "points shots turnovers",
}

CONFLICTS = """
CREATE VIEW match_conflicts AS
SELECT m.league, m.season, m.id AS match_id, m.match_date, home.name AS home, away.name AS away,
       c.source, x.field, x.said, m.source AS holder, x.holds
  FROM match_claims c
  JOIN matches m ON m.id = c.match_id
  JOIN teams AS home ON home.id = m.home_id
  JOIN teams AS away ON away.id = m.away_id
 CROSS JOIN LATERAL (SELECT c.home_id <> m.home_id AS turned) t
 CROSS JOIN LATERAL (VALUES
       ('score',
        CASE WHEN t.turned THEN concat(c.away_score, ':', c.home_score)
             ELSE concat(c.home_score, ':', c.away_score) END,
        concat(m.home_score, ':', m.away_score), c.status = 'final' AND m.status = 'final'),
       ('result', c.status, m.status, c.status = 'cancelled' AND m.status = 'final'),
       ('date', c.match_date::text, m.match_date::text, true),
       ('venue', CASE WHEN t.turned THEN 'away' ELSE 'home' END, 'home', true),
       ('neutral', c.neutral::text, m.neutral::text, c.neutral),
       ('stage', c.stage, m.stage, true),
       ('season', c.season::text, m.season::text, true)) AS x (field, said, holds, comparable)
 WHERE x.comparable AND x.said <> x.holds;
COMMENT ON VIEW match_conflicts IS
    'Where a source says something else of a match than what holds, one row a match, source and field';
"""

# Default privileges let the application role write to views as if they were tables.
ONLY_SELECT = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sportsplat_app') THEN
        REVOKE INSERT, UPDATE, DELETE ON
            box_scores, match_conflicts, soccer_team_stats, basketball_team_stats, simulated_team_stats
            FROM sportsplat_app;
    END IF;
END
$$
"""


def make_sport_views(relation: str) -> None:
    """Make the typed view of each sport on a table or view of box scores."""
    for sport, names in NAMES.items():
        columns = (f"(s.stats ->> '{name}')::double precision AS {name}" for name in names.split())
        op.execute(BOX_SCORE.format(sport=sport, relation=relation, columns=",\n       ".join(columns)))


def drop_sport_views() -> None:
    """Drop the typed view of each sport."""
    op.execute("DROP VIEW " + ", ".join(f"{sport}_team_stats" for sport in NAMES))


def upgrade() -> None:
    op.execute(LEAGUES_AND_TEAMS)
    op.execute(MATCHES)
    op.execute(CLAIMS)
    op.execute(REVISIONS)
    op.execute(DETAILS)
    drop_sport_views()
    op.execute(STATS)
    make_sport_views("box_scores")
    op.execute(CONFLICTS)
    op.execute(ONLY_SELECT)


ONE_EACH = """
DROP VIEW match_conflicts;
CREATE TEMPORARY TABLE merged ON COMMIT DROP AS SELECT * FROM box_scores;
DROP VIEW box_scores;
DELETE FROM team_match_stats;
ALTER TABLE team_match_stats
    DROP CONSTRAINT pk_team_match_stats,
    DROP COLUMN source,
    ADD CONSTRAINT pk_team_match_stats PRIMARY KEY (match_id, team_id);
INSERT INTO team_match_stats (match_id, team_id, is_home, stats, known_at)
SELECT match_id, team_id, is_home, stats, known_at FROM merged;
COMMENT ON TABLE team_match_stats IS 'One team''s box score of one match';
"""
BACK = """
DROP TABLE match_details, match_revisions, match_claims;
UPDATE matches SET status = 'scheduled' WHERE status = 'postponed';
ALTER TABLE matches
    DROP COLUMN recorded_at,
    DROP CONSTRAINT ck_matches_status,
    ADD CONSTRAINT ck_matches_status CHECK (status IN ('scheduled', 'final', 'cancelled'));
COMMENT ON COLUMN matches.status IS NULL;
COMMENT ON COLUMN matches.source IS NULL;
DELETE FROM team_aliases a USING team_aliases b
 WHERE (a.league, a.source, a.alias) = (b.league, b.source, b.alias) AND a.since < b.since;
ALTER TABLE team_aliases
    DROP CONSTRAINT ck_team_aliases_days,
    DROP CONSTRAINT pk_team_aliases,
    DROP COLUMN since,
    DROP COLUMN until,
    ADD CONSTRAINT pk_team_aliases PRIMARY KEY (league, source, alias);
COMMENT ON COLUMN team_aliases.source IS NULL;
ALTER TABLE teams DROP COLUMN named_by;
ALTER TABLE leagues DROP COLUMN precedence;
"""


def downgrade() -> None:
    drop_sport_views()
    op.execute(ONE_EACH)
    make_sport_views("team_match_stats")
    op.execute(ONLY_SELECT.replace("box_scores, match_conflicts, ", ""))
    op.execute(BACK)
