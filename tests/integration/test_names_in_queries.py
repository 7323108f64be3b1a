"""Names that mean something to SQL, its parameters or our own columns: values, wherever they stand."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path

from sportsplat.db.read.frames import quotes_frame, stats_frame, team_names
from sportsplat.db.write.staging import Tally
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.table import ingest_tables
from tests.conftest import Database
from tests.program import run

ODD = [
    "posesión%",
    "100%s",
    "%(league)s",
    "it's",
    'a"b',
    "a:b[0]{x}",
    "{0}",
    "rank",
    "is_away",
    "$1",
    "--",
    "\\",
]


def test_stats_teams_and_bookmakers_of_any_name(context: Context, database: Database, tmp_path: Path) -> None:
    header = ["date", "home", "away", "hs", "as", "oh", "od", "oa", *(f"s{at}" for at in range(len(ODD)))]
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8") as file:
        write = csv.writer(file).writerow
        write(header)
        for at, (home, away) in enumerate([("100% FC", "it's {0} %s"), ("%(x)s", "A \\ B")]):
            values = [float(at * 100 + place) for place in range(len(ODD))]
            write([f"2023-08-{12 + at}", home, away, 2, 1, 2.5, 3.4, 2.9, *values])
    mapping = tmp_path / "mapping.yaml"
    offers = [{"bookmaker": {"value": "50%(x)s"}, "odds": {"home": "oh", "draw": "od", "away": "oa"}}]
    stats = {name: [f"s{at}", f"s{at}"] for at, name in enumerate(ODD)}
    mapping.write_text(
        "league: epl\nrows: matches\ndate: date\nhome: home\naway: away\nhome_score: hs\naway_score: as\n"
        f"stats: {json.dumps(stats)}\nquotes: {json.dumps([{**offers[0], 'closing': {'value': False}}])}\n"
    )
    (tmp_path / "config").mkdir()

    report = ingest_tables(context, [tmp_path / "t.csv"], mapping)
    again = ingest_tables(context, [tmp_path / "t.csv"], mapping)

    assert report.stats == Tally(4, 0, 0), report
    assert again.stats == Tally(0, 0, 4)
    with database.connect("sportsplat_read") as conn:
        names = team_names(conn, "epl")
        told = stats_frame(conn, "epl", ODD)
        assert [str(name) for name in quotes_frame(conn, "epl")["bookmaker"].unique()] == ["50%(x)s"]
    assert sorted(names.values()) == ["%(x)s", "100% FC", "A \\ B", "it's {0} %s"]
    assert list(told.columns) == ["match_id", "is_home", *ODD, "known_at"]
    assert told[told["is_home"]][ODD].to_numpy().tolist() == [
        [float(at * 100 + place) for place in range(len(ODD))] for at in range(2)
    ]


def test_a_league_of_the_users_own_with_such_stats(database: Database, project_dir: Path) -> None:
    """Every command that reads its stats: what they are called never matters."""
    url = database.endpoint.url(reveal=True)
    assert run(project_dir, "leagues", "add", "own", "--sport", "soccer", DATABASE_URL=url).exit_code == 0
    declared = project_dir / "config" / "leagues.yaml"
    text, names = declared.read_text(), [name for name in ODD if name not in ("is_away", "--")]
    head, own, rest = text.partition("\nown:")
    lines = [f"  stats: {json.dumps(names)}" if "  stats:" in line else line for line in rest.split("\n")]
    declared.write_text(head + own + "\n".join(lines))
    day, clubs = date(2022, 8, 1), ["A", "B", "C", "D", "E", "F"]
    with (project_dir / "t.csv").open("w", newline="", encoding="utf-8") as file:
        write = csv.writer(file).writerow
        write(["date", "home", "away", "hs", "as", "x", "y"])
        for home in clubs:
            for away in (club for club in clubs if club != home):
                write([day, home, away, ord(home) % 3, ord(away) % 2, ord(away), ord(home)])
                day += timedelta(days=2)
    (project_dir / "m.yaml").write_text(
        "league: own\nrows: matches\ndate: date\nhome: home\naway: away\nhome_score: hs\naway_score: as\n"
        f"stats: {json.dumps({name: ['x', 'y'] for name in names})}\n"
    )
    for words in ("ingest table t.csv --mapping m.yaml", "data quality own", "features own --out f.csv"):
        done = run(project_dir, *words.split(), "--json", DATABASE_URL=url)
        assert done.exit_code == 0, (words, done.stdout, done.stderr)
    assert "posesión%" in (project_dir / "f.csv").read_text().splitlines()[0]
