"""The NBA as six public sources tell it: one match each, and every contradiction known by name.

Seasons 2012/13 to 2014/15, which all of them hold (kaggle-nba-team-stats the last of them).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from tests.conftest import Database

pytestmark = pytest.mark.real_data

SEASONS = [2012, 2013, 2014]
FILES = {
    "fivethirtyeight-nba": "fivethirtyeight/nba-elo/nbaallelo.csv.gz",
    "nba-stats": "nba-stats-gamelogs",
    "kaggle-nba-games": "kaggle-nba-games/games.csv",
    "kaggle-nba-team-stats": "kaggle-nba-team-stats/nba.games.stats.csv",
    "sportsbookreview": "sportsbookreviewsonline/nba",
    "kaggle-nba-betting": "kaggle-nba-betting/nba_2008-2025.csv",
}
CONFLICTS = {
    # sportsbookreview has the score after three quarters; kaggle-nba-betting is made of it
    ("2013-01-13", "Trailblazers", "score", "72:77", "83:87"),
    ("2014-02-12", "Clippers", "score", "104:103", "122:117"),
    ("2014-02-12", "Warriors", "score", "90:97", "110:111"),
    ("2014-11-21", "Raptors", "score", "124:83", "124:82"),  # a typing error
}
CONTENT = """
SELECT md5(string_agg(line, E'\\n' ORDER BY line COLLATE "C")) FROM (
    SELECT concat_ws('|', m.season, m.match_date, m.kickoff_utc, h.name, a.name, m.number, m.neutral, m.stage,
                     m.status, m.home_score, m.away_score, m.known_at, m.source) AS line
      FROM matches m JOIN teams h ON h.id = m.home_id JOIN teams a ON a.id = m.away_id
    UNION ALL
    SELECT concat_ws('|', m.match_date, t.name, b.stats, b.known_at)
      FROM box_scores b JOIN matches m ON m.id = b.match_id JOIN teams t ON t.id = b.team_id
    UNION ALL
    SELECT concat_ws('|', m.match_date, t.name, q.bookmaker, q.market, q.outcome, q.line, q.decimal_odds,
                     q.known_at)
      FROM quotes q JOIN matches m ON m.id = q.match_id JOIN teams t ON t.id = m.home_id
    UNION ALL
    SELECT concat_ws('|', m.match_date, t.name, f.publisher, f.probabilities)
      FROM forecasts f JOIN matches m ON m.id = f.match_id JOIN teams t ON t.id = m.home_id) content
"""


def answers(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.connect() as conn:
        return conn.execute(query.encode()).fetchall()


def test_six_sources_make_one_match_of_each_game_in_any_order(
    context: Context, database: Database, real_data: Path
) -> None:
    """3,945 games: 3,944 played, and Boston - Indiana of 2013-04-16, cancelled, which nba-stats alone tells.

    Suns - Knicks of 2012-12-26 is 95:95 in both files of closing lines and refused: three sources tell it.
    """
    contents = []
    for names in (list(FILES), list(reversed(FILES))):
        with database.connect() as conn:
            conn.execute("TRUNCATE teams, quarantine CASCADE")
        for name in names:
            ingest(context, name, [real_data / FILES[name]], seasons=SEASONS)
        contents += answers(database, CONTENT)
        statuses = answers(database, "SELECT status, count(*) FROM matches GROUP BY status")
        assert dict(statuses) == {"final": 3_944, "cancelled": 1}
        sources = answers(database, "SELECT count(*) FROM match_claims GROUP BY match_id")
        assert Counter(count for (count,) in sources) == {5: 2_713, 6: 1_230, 3: 1, 1: 1}
        told = answers(database, "SELECT match_date::text, home, field, said, holds FROM match_conflicts")
        assert Counter(told) == dict.fromkeys(CONFLICTS, 2)
    assert contents[0] == contents[1]


def test_the_spring_of_2020_is_the_same_whichever_source_comes_first(
    context: Context, database: Database, real_data: Path
) -> None:
    """Of 259 fixtures of the file of April 2020 that were put off, that of August has 57 on new days.

    The other source holds those days with their results, and eight of them one day later.
    """
    model = [real_data / f"fivethirtyeight/nba-model/2020-{name}" for name in ("04/nba_elo_latest.csv", "08")]
    files = {"fivethirtyeight-nba": model, "kaggle-nba-games": [real_data / FILES["kaggle-nba-games"]]}
    contents = []
    for names in (list(files), list(reversed(files))):
        with database.connect() as conn:
            conn.execute("TRUNCATE teams, quarantine CASCADE")
        for name in names:
            for file in files[name]:
                ingest(context, name, [file], seasons=[2019])
        statuses = answers(database, "SELECT status, count(*) FROM matches GROUP BY status")
        assert dict(statuses) == {"final": 1_143, "postponed": 202}
        contents += answers(database, CONTENT)
    assert contents[0] == contents[1]
