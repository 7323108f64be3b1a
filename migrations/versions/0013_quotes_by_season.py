"""Quotes in a partition a season, so that a question about one season reads no other.

Partitions are made when a season's first quotes come. The application's role owns nothing, so functions of
the schema's owner make them: `ensure_quote_partition` at once; or `open_quote_partition`, which gives an
empty table without keys to fill, and `close_quote_partition` in the same transaction, which adds the keys
over all rows together (a fifth of the time that they cost row by row) and attaches it.
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
destructive = False  # the dropped table's rows are in the new one by then: counted before it goes

TABLE = """
ALTER TABLE matches ADD CONSTRAINT uq_matches_id_season UNIQUE (id, season);
ALTER TABLE quotes RENAME TO quotes_before;
ALTER TABLE quotes_before RENAME CONSTRAINT uq_quotes_natural_key TO uq_quotes_before_natural_key;
CREATE TABLE quotes (
    match_id bigint NOT NULL,
    bookmaker text COLLATE "C" NOT NULL,
    market text COLLATE "C" NOT NULL,
    outcome text COLLATE "C" NOT NULL,
    line double precision,
    is_closing boolean NOT NULL,
    decimal_odds double precision NOT NULL,
    quoted_at timestamptz,
    known_at timestamptz NOT NULL,
    season smallint NOT NULL,
    CONSTRAINT uq_quotes_natural_key UNIQUE NULLS NOT DISTINCT
        (match_id, bookmaker, market, outcome, line, is_closing, quoted_at, season),
    CONSTRAINT fk_quotes_match_id_season_matches FOREIGN KEY (match_id, season)
        REFERENCES matches (id, season) ON UPDATE CASCADE ON DELETE CASCADE,
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
    CONSTRAINT ck_quotes_known_after_quoted CHECK (known_at >= quoted_at),
    CONSTRAINT ck_quotes_closing_without_moment CHECK (NOT is_closing OR quoted_at IS NULL)
) PARTITION BY LIST (season);
"""
COMMENTS = """
COMMENT ON TABLE quotes IS
    'One price of one outcome; its key begins with the match, so it needs no other index';
COMMENT ON COLUMN quotes.market IS 'result, spread (line is added to the home score) or total';
COMMENT ON COLUMN quotes.line IS 'Goals or points; empty for the result market';
COMMENT ON COLUMN quotes.is_closing IS 'The last price before the start';
COMMENT ON COLUMN quotes.decimal_odds IS 'Units returned for one unit staked, stake included';
COMMENT ON COLUMN quotes.quoted_at IS 'UTC; when the source says that it was taken; empty when closing';
COMMENT ON COLUMN quotes.known_at IS 'UTC; from when a decision may use it';
"""
SEASON_COMMENT = """
COMMENT ON COLUMN quotes.season IS 'That of the match, which it follows; each has a partition of its own';
"""

# ATTACH, unlike CREATE TABLE ... PARTITION OF, disturbs nobody who reads or writes quotes, and makes the
# foreign key as well. (One that was there before would lock out the readers of matches: its triggers are
# dropped.) That needs a lock on matches which waits for those who write them. It comes first: two callers who
# have not written matches before never wait for each other.
FUNCTIONS = """
CREATE FUNCTION open_quote_partition(season integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := 'quotes_' || season;
    relation regclass := to_regclass('public.' || name);
BEGIN
    IF season IS NULL OR season NOT BETWEEN 1850 AND 2200 THEN
        RAISE check_violation USING CONSTRAINT = 'ck_matches_season',
            MESSAGE = format('no season starts in %s', coalesce(season::text, 'NULL'));
    END IF;
    IF relation IS NULL THEN
        LOCK TABLE public.matches IN SHARE ROW EXCLUSIVE MODE;
        relation := to_regclass('public.' || name);
    END IF;
    IF relation IS NULL THEN
        EXECUTE format('CREATE TABLE public.%I (LIKE public.quotes INCLUDING CONSTRAINTS)', name);
        RETURN true;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_inherits
                   WHERE inhrelid = relation AND inhparent = 'public.quotes'::regclass) THEN
        RAISE duplicate_table USING MESSAGE = format('%s is no partition of quotes', name);
    END IF;
    RETURN false;
END
$$;

CREATE FUNCTION close_quote_partition(season integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := 'quotes_' || season;
BEGIN
    EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT %I UNIQUE NULLS NOT DISTINCT'
                   ' (match_id, bookmaker, market, outcome, line, is_closing, quoted_at, season)',
                   name, 'uq_' || name || '_natural_key');
    EXECUTE format('ALTER TABLE public.quotes ATTACH PARTITION public.%I FOR VALUES IN (%s)', name, season);
    EXECUTE format('ANALYZE public.%I', name);
END
$$;

CREATE FUNCTION ensure_quote_partition(season integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT public.open_quote_partition(season) THEN
        RETURN false;
    END IF;
    PERFORM public.close_quote_partition(season);
    RETURN true;
END
$$;

CREATE FUNCTION make_room_for_moved_quotes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.quotes WHERE match_id = OLD.id AND season = OLD.season) THEN
        PERFORM public.ensure_quote_partition(NEW.season);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER season_of_quotes BEFORE UPDATE OF season ON matches
    FOR EACH ROW WHEN (OLD.season <> NEW.season) EXECUTE FUNCTION make_room_for_moved_quotes();

REVOKE ALL ON FUNCTION open_quote_partition(integer), close_quote_partition(integer),
    ensure_quote_partition(integer), make_room_for_moved_quotes() FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sportsplat_app') THEN
        GRANT EXECUTE ON FUNCTION open_quote_partition(integer), close_quote_partition(integer),
            ensure_quote_partition(integer) TO sportsplat_app;
    END IF;
END
$$;
"""

ROWS = """
DO $$
DECLARE
    of_season integer;
BEGIN
    FOR of_season IN SELECT DISTINCT m.season FROM quotes_before q JOIN matches m ON m.id = q.match_id
                     ORDER BY m.season LOOP
        PERFORM open_quote_partition(of_season);
        EXECUTE format('INSERT INTO %I (match_id, bookmaker, market, outcome, line, is_closing,'
                       ' decimal_odds, quoted_at, known_at, season)'
                       ' SELECT q.match_id, q.bookmaker, q.market, q.outcome, q.line, q.is_closing,'
                       ' q.decimal_odds, q.quoted_at, q.known_at, m.season'
                       ' FROM quotes_before q JOIN matches m ON m.id = q.match_id WHERE m.season = %s'
                       ' ORDER BY q.match_id', 'quotes_' || of_season, of_season);
        PERFORM close_quote_partition(of_season);
    END LOOP;
    IF (SELECT count(*) FROM quotes) <> (SELECT count(*) FROM quotes_before) THEN
        RAISE 'some quotes have no match: nothing was changed';
    END IF;
END
$$;
DROP TABLE quotes_before;
"""

BACK = """
CREATE TABLE quotes_before (LIKE quotes INCLUDING CONSTRAINTS);
ALTER TABLE quotes_before
    DROP COLUMN season,
    ALTER COLUMN bookmaker TYPE text COLLATE "default",
    ALTER COLUMN market TYPE text COLLATE "default",
    ALTER COLUMN outcome TYPE text COLLATE "default";
INSERT INTO quotes_before
SELECT match_id, bookmaker, market, outcome, line, is_closing, decimal_odds, quoted_at, known_at
  FROM quotes;
DROP TRIGGER season_of_quotes ON matches;
DROP FUNCTION make_room_for_moved_quotes(), ensure_quote_partition(integer), close_quote_partition(integer),
    open_quote_partition(integer);
DROP TABLE quotes;
ALTER TABLE quotes_before RENAME TO quotes;
ALTER TABLE quotes
    ADD CONSTRAINT uq_quotes_natural_key UNIQUE NULLS NOT DISTINCT
        (match_id, bookmaker, market, outcome, line, is_closing, quoted_at),
    ADD CONSTRAINT fk_quotes_match_id_matches FOREIGN KEY (match_id)
        REFERENCES matches (id) ON DELETE CASCADE;
ALTER TABLE matches DROP CONSTRAINT uq_matches_id_season;
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(COMMENTS + SEASON_COMMENT)
    op.execute(FUNCTIONS)
    op.execute(ROWS)


def downgrade() -> None:
    op.execute(BACK)
    op.execute(COMMENTS)
