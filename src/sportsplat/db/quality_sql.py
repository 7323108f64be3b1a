"""The questions of `db.quality`; each names its league, and `today`, the day there."""

from __future__ import annotations

SEASONS = """
SELECT season,
       count(*) FILTER (WHERE status = 'final') AS final,
       count(*) FILTER (WHERE status = 'scheduled') AS scheduled,
       count(*) FILTER (WHERE status = 'postponed') AS postponed,
       count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
       count(*) FILTER (WHERE stage = 'regular' AND status <> 'cancelled') AS regular,
       count(*) FILTER (WHERE stage = 'regular' AND status = 'final') AS regular_final,
       count(*) FILTER (WHERE status = 'final' AND precision = 'minute') AS minute,
       min(match_date) FILTER (WHERE status <> 'cancelled') AS first,
       max(match_date) FILTER (WHERE status <> 'cancelled') AS last,
       max(match_date) FILTER (WHERE status = 'final') AS last_result
  FROM matches WHERE league = %(league)s GROUP BY season ORDER BY season
"""

TEAMS = """
WITH regular AS (
    SELECT season, home_id, away_id, source FROM matches
     WHERE league = %(league)s AND stage = 'regular' AND status <> 'cancelled')
SELECT s.season, t.name AS team, sum(s.matches)::int8 AS matches, min(s.source) AS source
  FROM (SELECT season, home_id AS team_id, count(*) AS matches, min(source) AS source
          FROM regular GROUP BY season, home_id
        UNION ALL
        SELECT season, away_id, count(*), min(source) FROM regular GROUP BY season, away_id) s
  JOIN teams t ON t.id = s.team_id
 GROUP BY s.season, t.name ORDER BY s.season, matches, t.name COLLATE "C"
"""

# The five longest of each season: enough to tell the usual one, and all that are out of the ordinary.
PAUSES = """
SELECT season, since, until, days
  FROM (SELECT p.*, row_number() OVER (PARTITION BY season ORDER BY days DESC, until) AS place
          FROM (SELECT season, lag(match_date) OVER w AS since, match_date AS until,
                       match_date - lag(match_date) OVER w AS days
                  FROM (SELECT DISTINCT season, match_date FROM matches
                         WHERE league = %(league)s AND status = 'final') d
                WINDOW w AS (PARTITION BY season ORDER BY match_date)) p
         WHERE days IS NOT NULL) ranked
 WHERE place <= 5 ORDER BY season, place
"""

SOURCES = """
SELECT m.season, c.source, count(*) AS matches
  FROM match_claims c JOIN matches m ON m.id = c.match_id
 WHERE m.league = %(league)s GROUP BY m.season, c.source ORDER BY m.season, c.source COLLATE "C"
"""

STATS = """
SELECT season, count(*) FILTER (WHERE whole), count(*) FILTER (WHERE whole AND {every}){counts}
  FROM (SELECT season, match_id, count(*) = 2 AS whole{both}
          FROM (SELECT m.season, s.match_id, s.is_home{has}
                  FROM team_match_stats s JOIN matches m ON m.id = s.match_id
                 WHERE m.league = %(league)s AND m.status = 'final'
                 GROUP BY m.season, s.match_id, s.is_home) side
         GROUP BY season, match_id) box
 GROUP BY season
"""

# An offer is whole with a price of every outcome; its rows differ in the outcome alone.
PRICES = """
WITH offer AS MATERIALIZED (
    SELECT m.season, q.match_id, q.bookmaker, q.market, q.is_closing, sum(1 / q.decimal_odds) AS booksum
      FROM quotes q JOIN matches m ON m.id = q.match_id AND m.season = q.season
     WHERE m.league = %(league)s AND m.status = 'final'
     GROUP BY m.season, q.match_id, q.bookmaker, q.market, q.is_closing, q.line, q.quoted_at
    HAVING count(*) = CASE q.market WHEN 'result' THEN %(sides)s ELSE 2 END),
priced AS (
    SELECT season, match_id, bookmaker, market, is_closing, count(*) AS offers, sum(booksum) AS booksums,
           min(booksum) AS low, max(booksum) AS high,
           count(*) FILTER (WHERE booksum NOT BETWEEN %(low)s AND %(high)s) AS outside
      FROM offer GROUP BY season, match_id, bookmaker, market, is_closing),
kind AS MATERIALIZED (
    SELECT season, bookmaker, market, is_closing, count(*) AS matches, sum(offers)::int8 AS offers,
           sum(booksums) / sum(offers) AS usual, min(low) AS low, max(high) AS high,
           sum(outside)::int8 AS outside
      FROM priced GROUP BY season, bookmaker, market, is_closing),
odd AS (
    SELECT k.season, k.bookmaker, k.market, k.is_closing, count(*) AS offers,
           json_agg(json_build_array(m.match_date, h.name, a.name, o.booksum)) AS told
      FROM kind k
      JOIN offer o USING (season, bookmaker, market, is_closing)
      JOIN matches m ON m.id = o.match_id
      JOIN teams h ON h.id = m.home_id
      JOIN teams a ON a.id = m.away_id
     WHERE greatest(k.high - k.usual, k.usual - k.low) > %(odd)s AND abs(o.booksum - k.usual) > %(odd)s
     GROUP BY k.season, k.bookmaker, k.market, k.is_closing)
SELECT k.season, k.bookmaker, k.market, k.is_closing, k.matches, k.offers, k.usual, k.outside,
       coalesce(o.offers, 0), o.told
  FROM kind k LEFT JOIN odd o USING (season, bookmaker, market, is_closing)
UNION ALL
SELECT season, NULL, market, is_closing, count(*), sum(offers)::int8, NULL, 0, 0, NULL
  FROM (SELECT season, match_id, market, is_closing, count(*) AS offers FROM offer
         GROUP BY season, match_id, market, is_closing) anybody
 GROUP BY season, market, is_closing
"""

FORECASTS = """
SELECT m.season, f.publisher, count(*)
  FROM forecasts f JOIN matches m ON m.id = f.match_id
 WHERE m.league = %(league)s AND m.status = 'final' GROUP BY m.season, f.publisher
"""

DETAILS = """
SELECT m.season, count(DISTINCT d.match_id)
  FROM match_details d JOIN matches m ON m.id = d.match_id
 WHERE m.league = %(league)s AND m.status = 'final' GROUP BY m.season
"""

UNPLAYED = """
SELECT season, source, status, count(*) AS matches, min(match_date) AS first, max(match_date) AS last
  FROM matches
 WHERE league = %(league)s
   AND (status = 'postponed' OR status = 'scheduled' AND match_date < %(today)s)
 GROUP BY season, source, status ORDER BY season, source COLLATE "C", status
"""

CONFLICT_COUNTS = """
SELECT season, source, holder, field, count(*) AS matches
  FROM match_conflicts
 WHERE league = %(league)s
   AND (source, field) NOT IN (SELECT * FROM unnest(%(silent)s::text[], %(untold)s::text[]))
 GROUP BY season, source, holder, field
 ORDER BY season, source COLLATE "C", holder COLLATE "C", field COLLATE "C"
"""

CONFLICTS = """
SELECT match_id, season, match_date, home, away, source, field, said, holder, holds
  FROM match_conflicts
 WHERE league = %(league)s
   AND (%(seasons)s::int[] IS NULL OR season = ANY (%(seasons)s))
   AND (%(field)s::text IS NULL OR field = %(field)s)
   AND (source, field) NOT IN (SELECT * FROM unnest(%(silent)s::text[], %(untold)s::text[]))
 ORDER BY match_date DESC, match_id, source COLLATE "C", field COLLATE "C"
 LIMIT %(limit)s
"""

# The reason of an unknown team ends with the command that says which team is meant.
WAITING = """
SELECT source, code, count(*) AS rows, min(reason) AS example,
       substring(reason FROM 'sportsplat teams alias .*$') AS command
  FROM quarantine
 WHERE league = %(league)s AND resolved_at IS NULL
 GROUP BY source, code, substring(reason FROM 'sportsplat teams alias .*$')
 ORDER BY count(*) DESC, source COLLATE "C", code COLLATE "C"
"""

INGESTS = """
SELECT source, max(finished_at) AS finished_at
  FROM pipeline_runs
 WHERE league = %(league)s AND kind = 'ingest' AND status = 'done' AND source IS NOT NULL
 GROUP BY source ORDER BY source COLLATE "C"
"""
