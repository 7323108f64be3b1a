"""Box scores of teams and players."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE team_match_stats (
    match_id bigint NOT NULL
        CONSTRAINT fk_team_match_stats_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    team_id bigint NOT NULL CONSTRAINT fk_team_match_stats_team_id_teams REFERENCES teams (id),
    is_home boolean NOT NULL,
    stats jsonb NOT NULL,
    known_at timestamptz NOT NULL,
    CONSTRAINT pk_team_match_stats PRIMARY KEY (match_id, team_id),
    CONSTRAINT ck_team_match_stats_stats CHECK (jsonb_typeof(stats) = 'object')
);
COMMENT ON TABLE team_match_stats IS 'One team''s box score of one match';
COMMENT ON COLUMN team_match_stats.stats IS 'Plain numbers by stat name, as the sport declares them';
COMMENT ON COLUMN team_match_stats.known_at IS 'UTC; from when a decision may use it';

CREATE TABLE player_match_stats (
    match_id bigint NOT NULL
        CONSTRAINT fk_player_match_stats_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    player_id bigint NOT NULL CONSTRAINT fk_player_match_stats_player_id_players REFERENCES players (id),
    team_id bigint NOT NULL CONSTRAINT fk_player_match_stats_team_id_teams REFERENCES teams (id),
    stats jsonb NOT NULL,
    known_at timestamptz NOT NULL,
    CONSTRAINT pk_player_match_stats PRIMARY KEY (match_id, player_id),
    CONSTRAINT ck_player_match_stats_stats CHECK (jsonb_typeof(stats) = 'object')
);
CREATE INDEX ix_player_match_stats_player_id ON player_match_stats (player_id);
COMMENT ON TABLE player_match_stats IS 'One player''s box score of one match';
COMMENT ON COLUMN player_match_stats.stats IS 'Plain numbers by stat name, as the sport declares them';
COMMENT ON COLUMN player_match_stats.known_at IS 'UTC; from when a decision may use it';
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP TABLE player_match_stats, team_match_stats")
