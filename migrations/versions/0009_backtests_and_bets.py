"""Backtests and the bets that they placed."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE backtests (
    run_id text CONSTRAINT pk_backtests PRIMARY KEY,
    league text NOT NULL CONSTRAINT fk_backtests_league_leagues REFERENCES leagues (code),
    model text NOT NULL,
    seed bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    result jsonb NOT NULL,
    CONSTRAINT ck_backtests_result CHECK (jsonb_typeof(result) = 'object')
);
CREATE INDEX ix_backtests_league_created_at ON backtests (league, created_at);
COMMENT ON TABLE backtests IS 'One row a walk-forward run';
COMMENT ON COLUMN backtests.created_at IS 'UTC';
COMMENT ON COLUMN backtests.result IS 'The object that `sportsplat backtest --json` answered with';

CREATE TABLE bets (
    run_id text NOT NULL
        CONSTRAINT fk_bets_run_id_backtests REFERENCES backtests (run_id) ON DELETE CASCADE,
    match_id bigint NOT NULL CONSTRAINT fk_bets_match_id_matches REFERENCES matches (id),
    outcome text NOT NULL,
    bookmaker text NOT NULL,
    placed_at timestamptz NOT NULL,
    settled_at timestamptz NOT NULL,
    probability double precision NOT NULL,
    decimal_odds double precision NOT NULL,
    benchmark_odds double precision,
    stake double precision NOT NULL,
    profit double precision NOT NULL,
    CONSTRAINT pk_bets PRIMARY KEY (run_id, match_id, outcome),
    CONSTRAINT ck_bets_outcome CHECK (outcome IN ('home', 'draw', 'away')),
    CONSTRAINT ck_bets_order CHECK (settled_at >= placed_at),
    CONSTRAINT ck_bets_probability CHECK (probability >= 0 AND probability <= 1),
    CONSTRAINT ck_bets_decimal_odds
        CHECK (decimal_odds > 1 AND decimal_odds < 'Infinity'::double precision),
    CONSTRAINT ck_bets_benchmark_odds
        CHECK (benchmark_odds > 1 AND benchmark_odds < 'Infinity'::double precision),
    CONSTRAINT ck_bets_stake CHECK (stake > 0 AND stake < 'Infinity'::double precision),
    CONSTRAINT ck_bets_profit
        CHECK (profit >= -stake AND profit <= stake * (decimal_odds - 1) * (1 + 1e-9))
);
COMMENT ON TABLE bets IS 'One row a bet that a backtest placed and settled';
COMMENT ON COLUMN bets.placed_at IS 'UTC; decision moment';
COMMENT ON COLUMN bets.settled_at IS 'UTC; when the result became known';
COMMENT ON COLUMN bets.probability IS 'The model''s, 0 to 1';
COMMENT ON COLUMN bets.decimal_odds IS 'Entry price: units returned for one unit staked, stake included';
COMMENT ON COLUMN bets.benchmark_odds IS 'Benchmark price of the same outcome, empty where there is none';
COMMENT ON COLUMN bets.stake IS 'Units of the bankroll';
COMMENT ON COLUMN bets.profit IS 'Units won, or lost when negative';
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP TABLE bets, backtests")
