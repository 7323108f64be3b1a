"""Quotes of bookmakers and forecasts that others published."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE quotes (
    match_id bigint NOT NULL
        CONSTRAINT fk_quotes_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    bookmaker text NOT NULL,
    market text NOT NULL,
    outcome text NOT NULL,
    line double precision,
    is_closing boolean NOT NULL,
    decimal_odds double precision NOT NULL,
    quoted_at timestamptz,
    known_at timestamptz NOT NULL,
    CONSTRAINT uq_quotes_natural_key UNIQUE NULLS NOT DISTINCT
        (match_id, bookmaker, market, outcome, line, is_closing, quoted_at),
    CONSTRAINT ck_quotes_market CHECK (market IN ('result', 'spread', 'total')),
    CONSTRAINT ck_quotes_outcome CHECK (CASE market
        WHEN 'result' THEN outcome IN ('home', 'draw', 'away')
        WHEN 'spread' THEN outcome IN ('home', 'away')
        ELSE outcome IN ('over', 'under') END),
    CONSTRAINT ck_quotes_line CHECK (CASE market
        WHEN 'result' THEN line IS NULL
        ELSE line IS NOT NULL AND abs(line) < 'Infinity'::double precision END),
    CONSTRAINT ck_quotes_decimal_odds
        CHECK (decimal_odds > 1 AND decimal_odds < 'Infinity'::double precision),
    CONSTRAINT ck_quotes_known_after_quoted CHECK (known_at >= quoted_at)
);
COMMENT ON TABLE quotes IS
    'One price of one outcome; its key begins with the match, so it needs no other index';
COMMENT ON COLUMN quotes.market IS 'result, spread (line is added to the home score) or total';
COMMENT ON COLUMN quotes.line IS 'Goals or points; empty for the result market';
COMMENT ON COLUMN quotes.is_closing IS 'The last price before the start';
COMMENT ON COLUMN quotes.decimal_odds IS 'Units returned for one unit staked, stake included';
COMMENT ON COLUMN quotes.quoted_at IS 'UTC; when the source says that it was taken';
COMMENT ON COLUMN quotes.known_at IS 'UTC; from when a decision may use it';

CREATE TABLE forecasts (
    match_id bigint NOT NULL
        CONSTRAINT fk_forecasts_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    publisher text NOT NULL,
    probabilities double precision[] NOT NULL,
    known_at timestamptz NOT NULL,
    CONSTRAINT pk_forecasts PRIMARY KEY (match_id, publisher),
    CONSTRAINT ck_forecasts_length
        CHECK (array_ndims(probabilities) = 1 AND cardinality(probabilities) BETWEEN 2 AND 3),
    CONSTRAINT ck_forecasts_range
        CHECK (0 <= ALL (probabilities) AND 1 >= ALL (probabilities)
               AND array_position(probabilities, NULL) IS NULL),
    CONSTRAINT ck_forecasts_sum
        CHECK (probabilities[1] + probabilities[2] + coalesce(probabilities[3], 0) BETWEEN 0.99 AND 1.01)
);
CREATE INDEX ix_forecasts_publisher ON forecasts (publisher);
COMMENT ON TABLE forecasts IS 'Probabilities that others published, scored side by side with ours';
COMMENT ON COLUMN forecasts.probabilities IS
    'Each 0 to 1, over the league''s outcomes in their order; rounding may move the sum by 0.01';
COMMENT ON COLUMN forecasts.known_at IS 'UTC; from when a decision may use it';
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP TABLE forecasts, quotes")
