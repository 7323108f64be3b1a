"""Leagues, and who plays in them."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE leagues (
    code text CONSTRAINT pk_leagues PRIMARY KEY,
    name text NOT NULL,
    sport text NOT NULL,
    outcomes text[] NOT NULL,
    timezone text NOT NULL,
    CONSTRAINT ck_leagues_code CHECK (code ~ '^[a-z][a-z0-9_-]*$'),
    CONSTRAINT ck_leagues_outcomes
        CHECK (outcomes IN (ARRAY['home', 'away'], ARRAY['home', 'draw', 'away']))
);
COMMENT ON TABLE leagues IS 'Declared in config/leagues.yaml, stored when first ingested';
COMMENT ON COLUMN leagues.outcomes IS 'What a match can end as, in the order of every probability array';
COMMENT ON COLUMN leagues.timezone IS 'IANA zone in which match_date is a calendar day';

CREATE TABLE teams (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_teams PRIMARY KEY,
    league text NOT NULL CONSTRAINT fk_teams_league_leagues REFERENCES leagues (code),
    name text NOT NULL,
    CONSTRAINT uq_teams_league_name UNIQUE (league, name),
    CONSTRAINT uq_teams_league_id UNIQUE (league, id),
    CONSTRAINT ck_teams_name CHECK (name <> '')
);
COMMENT ON TABLE teams IS 'One row a team and league, under the one name kept here';

CREATE TABLE team_aliases (
    league text NOT NULL,
    source text NOT NULL,
    alias text NOT NULL,
    team_id bigint NOT NULL,
    CONSTRAINT pk_team_aliases PRIMARY KEY (league, source, alias),
    CONSTRAINT fk_team_aliases_league_team_id_teams
        FOREIGN KEY (league, team_id) REFERENCES teams (league, id) ON DELETE CASCADE
);
COMMENT ON TABLE team_aliases IS 'What a source calls a team; decides before the name does';

CREATE TABLE players (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_players PRIMARY KEY,
    league text NOT NULL CONSTRAINT fk_players_league_leagues REFERENCES leagues (code),
    name text NOT NULL,
    source text NOT NULL,
    source_key text NOT NULL,
    CONSTRAINT uq_players_league_source_source_key UNIQUE (league, source, source_key),
    CONSTRAINT ck_players_name CHECK (name <> '')
);
COMMENT ON TABLE players IS 'One row a player and league; two players may share a name';
COMMENT ON COLUMN players.source_key IS 'What identifies the player at the source';
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP TABLE players, team_aliases, teams, leagues")
