"""Views for people who query by hand: results with names, box scores with typed columns."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MATCH_RESULTS = """
CREATE VIEW match_results AS
SELECT m.id AS match_id, m.league, m.season, m.match_date, m.kickoff_utc, m.stage, m.neutral, m.status,
       home.name AS home, away.name AS away, m.home_score, m.away_score,
       CASE WHEN m.home_score > m.away_score THEN 'home'
            WHEN m.home_score < m.away_score THEN 'away'
            WHEN m.home_score = m.away_score THEN 'draw' END AS winner,
       m.known_at
FROM matches AS m
JOIN teams AS home ON home.id = m.home_id
JOIN teams AS away ON away.id = m.away_id;
COMMENT ON VIEW match_results IS
    'Matches with the names of their teams; winner is home, draw or away, empty while unplayed';
"""

BOX_SCORE = """
CREATE VIEW {sport}_team_stats AS
SELECT s.match_id, m.league, m.season, m.match_date, t.name AS team, s.is_home,
       {columns},
       s.known_at
FROM team_match_stats AS s
JOIN matches AS m ON m.id = s.match_id
JOIN leagues AS l ON l.code = m.league
JOIN teams AS t ON t.id = s.team_id
WHERE l.sport = '{sport}';
COMMENT ON VIEW {sport}_team_stats IS
    'One team''s box score of one match; a stat that the source does not give is empty';
"""

STATS = {
    "soccer": "shots shots_on_target corners fouls yellow_cards red_cards half_time_goals",
    "basketball": "points field_goals_made field_goals_attempted threes_made threes_attempted"
    " free_throws_made free_throws_attempted rebounds assists steals blocks turnovers",
    "simulated": "points shots turnovers",
}

# Default privileges let the application role write to views as if they were tables.
ONLY_SELECT = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sportsplat_app') THEN
        REVOKE INSERT, UPDATE, DELETE ON
            match_results, soccer_team_stats, basketball_team_stats, simulated_team_stats
            FROM sportsplat_app;
    END IF;
END
$$
"""


def upgrade() -> None:
    op.execute(MATCH_RESULTS)
    for sport, names in STATS.items():
        columns = (f"(s.stats ->> '{name}')::double precision AS {name}" for name in names.split())
        op.execute(BOX_SCORE.format(sport=sport, columns=",\n       ".join(columns)))
    op.execute(ONLY_SELECT)


def downgrade() -> None:
    op.execute("DROP VIEW simulated_team_stats, basketball_team_stats, soccer_team_stats, match_results")
