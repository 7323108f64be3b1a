"""One closing quote a match and price: the kick-off is its moment, however often that is corrected."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
destructive = True

# Of several, the one that was taken at the kick-off as it is known now; else the newest.
ONE_EACH = """
DELETE FROM quotes q
 USING (SELECT c.ctid AS place,
               row_number() OVER (PARTITION BY c.match_id, c.bookmaker, c.market, c.outcome, c.line
                                  ORDER BY coalesce(c.quoted_at = m.kickoff_utc, false) DESC,
                                           c.known_at DESC) AS rank
          FROM quotes c JOIN matches m ON m.id = c.match_id
         WHERE c.is_closing) ranked
 WHERE q.ctid = ranked.place AND ranked.rank > 1
"""
RULE = """
UPDATE quotes SET quoted_at = NULL WHERE is_closing AND quoted_at IS NOT NULL;
ALTER TABLE quotes
    ADD CONSTRAINT ck_quotes_closing_without_moment CHECK (NOT is_closing OR quoted_at IS NULL);
COMMENT ON COLUMN quotes.quoted_at IS 'UTC; when the source says that it was taken; empty when closing';
"""
BACK = """
ALTER TABLE quotes DROP CONSTRAINT ck_quotes_closing_without_moment;
UPDATE quotes q SET quoted_at = m.kickoff_utc
  FROM matches m
 WHERE m.id = q.match_id AND q.is_closing AND m.precision = 'minute' AND q.known_at >= m.kickoff_utc;
COMMENT ON COLUMN quotes.quoted_at IS 'UTC; when the source says that it was taken';
"""


def upgrade() -> None:
    op.execute(ONE_EACH)
    op.execute(RULE)


def downgrade() -> None:
    op.execute(BACK)
