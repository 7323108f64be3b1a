"""Files that are not what they were taken for: refused whole, or no success when no row was stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from sportsplat.db.write.staging import Tally
from sportsplat.errors import InputRefused, UsageError
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest import quarantine
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.jobs.ingest.report import IngestReport
from sportsplat.jobs.ingest.table import ingest_tables
from tests.conftest import Database
from tests.program import Ran, run
from tests.records import count
from tests.season_files import LEEDS_WON, PRICES, ROWS, season_file

SOURCE = "football-data"
CLUBS = ("Leeds", "Hull", "Fulham", "Burnley", "Everton", "Wolves", "Chelsea")
NOW = datetime(2020, 9, 30, 12, tzinfo=UTC)
TO_COME = f"E0,05/10/20,Hull,Fulham,1,2,A,5,6,{PRICES}"
UNKNOWN = [f"E0,{day}/09/20,Man Unitd,{club},1,0,H,5,6,{PRICES}" for day, club in enumerate(CLUBS[:3], 10)]
MATCHES = """\
league: sim
rows: matches
date: {column: day, format: "%d/%m/%Y"}
home: home
away: away
season: {value: 2020}
home_score: hg
away_score: ag
quotes:
  - bookmaker: {value: acme}
    odds: {home: h, away: a}
    quoted_at: {column: taken, format: "%d/%m/%Y %H:%M"}
"""
PRICED = """\
league: sim
rows: quotes
date: {column: day, format: "%d/%m/%Y"}
home: home
away: away
season: {value: 2020}
bookmaker: {value: acme}
outcome: home
odds: h
quoted_at: {column: taken, format: "%d/%m/%Y %H:%M"}
"""
DAYS = [datetime(2020, 9, 12) + timedelta(days=3 * number) for number in range(40)]


def season(rows: int = 40) -> list[str]:
    """Return as many matches, three days apart."""
    pairs = list(permutations(CLUBS, 2))
    return [
        f"E0,{day:%d/%m/%Y},{home},{away},2,1,H,9,8,{PRICES}"
        for day, (home, away) in zip(DAYS[:rows], pairs, strict=False)
    ]


def spoil(rows: list[str], number: int) -> list[str]:
    return [row.replace(",2,1,H,", ",2,x,H,") if place < number else row for place, row in enumerate(rows)]


def table(path: Path, day: str = "%d/%m/%Y", taken: str = "%d/%m/%Y %H:%M") -> Path:
    pairs = list(permutations(CLUBS, 2))
    rows = [
        f"{when.strftime(day)},{home},{away},2,1,1.8,2.1,{when.strftime(taken)}"
        for when, (home, away) in zip(DAYS, pairs, strict=False)
    ]
    path.write_text("\n".join(["day,home,away,hg,ag,h,a,taken", *rows]) + "\n")
    return path


def refusal(call: Callable[[], Any]) -> InputRefused:
    with pytest.raises(InputRefused) as refused:
        call()
    return refused.value


def stored(database: Database) -> tuple[int, int, int]:
    with database.connect() as conn:
        return count(conn, "matches"), count(conn, "quotes"), count(conn, "quarantine")


def test_a_file_with_more_bad_rows_than_any_sound_file_has_is_refused_whole(
    context: Context, database: Database, tmp_path: Path
) -> None:
    bad = season_file(tmp_path / "bad" / "2021", spoil(season(), 11))
    good = season_file(tmp_path / "good" / "2021", season()[:3])
    error = refusal(lambda: ingest(context, SOURCE, [bad, good]))
    assert error.error_code == "FILES_REFUSED"
    (refused,) = error.details["report"].refused
    assert (refused.file, refused.code) == (str(bad), "TOO_MANY_BAD_ROWS")
    assert "11 of 40 rows" in refused.message
    assert "impossible-score 11" in refused.cause
    assert "line 2" in refused.cause
    assert stored(database)[0] == 3
    assert stored(database)[2] == 0


def test_a_few_bad_rows_cost_themselves_alone(context: Context, database: Database, tmp_path: Path) -> None:
    report = ingest(context, SOURCE, [season_file(tmp_path / "2021", spoil(season(), 10))])
    assert (report.matches.inserted, report.quarantined) == (30, 10)


def test_values_beside_a_match_and_prices_do_not_count_as_bad_rows(context: Context, tmp_path: Path) -> None:
    rows = [row.replace(",9,8,", ",x,8,") for row in season()]
    report = ingest(context, SOURCE, [season_file(tmp_path / "2021", rows)])
    assert (report.matches.inserted, report.quarantined) == (40, 40)


@pytest.mark.parametrize(
    ("mapping", "form", "field"),
    [
        (MATCHES, {"day": "%m/%d/%Y"}, "date"),
        (PRICED, {"day": "%m/%d/%Y"}, "date"),
        (MATCHES, {"taken": "%m/%d/%Y %H:%M"}, "quoted_at"),
        (PRICED, {"taken": "%m/%d/%Y %H:%M"}, "quoted_at"),
    ],
)
def test_a_table_whose_dates_are_in_another_order_than_mapped_is_refused_whole(
    context: Context, database: Database, tmp_path: Path, mapping: str, form: dict[str, str], field: str
) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(mapping)
    error = refusal(lambda: ingest_tables(context, [table(tmp_path / "x.csv", **form)], path))
    assert error.error_code == "DATE_ORDER"
    assert f"{field}: {{column:" in (error.fix or "")
    assert '"%m/%d/%Y' in (error.fix or "")
    assert stored(database) == (0, 0, 0)
    told = ingest_tables(context, [table(tmp_path / "x.csv")], path)
    assert (told.matches.inserted, told.quarantined) == (40, 0)


def test_a_table_of_prices_whose_rows_hold_no_match_is_refused_whole(
    context: Context, database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(PRICED.replace("season: {value: 2020}\n", ""))
    error = refusal(lambda: ingest_tables(context, [table(tmp_path / "x.csv")], path))
    assert error.error_code == "TOO_MANY_BAD_ROWS"
    assert "no-season 40" in (error.cause or "")
    assert stored(database) == (0, 0, 0)


def known(context: Context, tmp_path: Path) -> IngestReport:
    """Store a season, so that a club with another name is not known."""
    return ingest(context, SOURCE, [season_file(tmp_path / "known" / "2021", season())])


def test_a_file_whose_rows_all_wait_in_quarantine_is_no_success(
    context: Context, database: Database, tmp_path: Path
) -> None:
    known(context, tmp_path)
    path = season_file(tmp_path / "2021", UNKNOWN)
    for dry_run in (True, False):
        error = refusal(lambda dry_run=dry_run: ingest(context, SOURCE, [path], dry_run=dry_run))  # type: ignore[misc]
        assert (error.error_code, error.exit_code) == ("NOTHING_STORED", 9)
        assert error.details["report"].quarantined == 3
    assert "unknown-team 3" in (error.cause or "")
    assert stored(database)[0::2] == (40, 3)
    rest = season_file(tmp_path / "rest" / "2021", season()[5:9])
    error = refusal(lambda: ingest(context, SOURCE, [path, rest]))
    assert (error.error_code, error.details["report"].files) == ("FILES_REFUSED", 2)
    assert "1 of 2 files were refused; the other 1 is stored" in error.message


def test_nothing_new_and_nothing_asked_for_are_a_success(context: Context, tmp_path: Path) -> None:
    path = season_file(tmp_path / "2021", [*ROWS, LEEDS_WON.replace("12/09/20", "32/09/20")])
    ingest(context, SOURCE, [path])
    assert ingest(context, SOURCE, [path]).matches == Tally(0, 0, 3)
    assert ingest(context, SOURCE, [path], seasons=[1999]).matches.unchanged == 0


def test_a_table_whose_rows_all_wait_is_no_success(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(MATCHES.replace("season: {value: 2020}\n", ""))
    few = table(tmp_path / "x.csv")
    few.write_text("\n".join(few.read_text().splitlines()[:5]))
    error = refusal(lambda: ingest_tables(context, [few], path))
    assert (error.error_code, "no-season 4" in (error.cause or "")) == ("NOTHING_STORED", True)


def test_a_retry_after_which_nothing_of_a_file_is_stored_exits_9(
    context: Context, database: Database, project_dir: Path, tmp_path: Path
) -> None:
    def sportsplat(*words: str) -> Ran:
        url = database.endpoint.url(reveal=True)
        return run(project_dir, *words, DATABASE_URL=url, SPORTSPLAT_INFRA__BACKEND="external")

    known(context, tmp_path)
    path = season_file(tmp_path / "2021", UNKNOWN)
    first = sportsplat("ingest", SOURCE, str(path), "--json")
    assert (first.exit_code, first.error["code"]) == (9, "NOTHING_STORED")
    assert first.error["details"]["report"]["quarantined"] == 3
    again = sportsplat("quarantine", "retry", "--json")
    assert (again.exit_code, again.error["code"]) == (9, "NOTHING_STORED")
    assert again.error["details"]["report"]["waiting"] == 3
    assert sportsplat("teams", "alias", "epl", SOURCE, "Man Unitd", "Man United").exit_code == 0
    done = sportsplat("quarantine", "retry", "--json")
    assert (done.exit_code, done.data["waiting"]) == (0, 0)


def test_a_result_of_a_match_to_come_waits_and_its_match_is_not_stored(
    context: Context, database: Database, tmp_path: Path
) -> None:
    path = season_file(tmp_path / "2021", [*ROWS, TO_COME])
    report = ingest(context, SOURCE, [path], as_of=NOW)
    assert report.matches.inserted == 3
    assert [(row.code, row.rows, row.line) for row in report.reasons] == [("result-before-play", 1, 5)]
    assert "2020-09-30 12:00 UTC" in report.reasons[0].example
    # the same bytes were there before the match: no result of it can have been in them
    assert quarantine.retry(context).waiting == 1
    season_file(tmp_path / "2021", [*ROWS, TO_COME.replace(",1,2,A,5,6,", ",,,,,,")])
    assert ingest(context, SOURCE, [path], now=NOW).quarantined == 0
    with database.connect() as conn:
        assert conn.execute("SELECT status, count(*) FROM matches GROUP BY 1 ORDER BY 1").fetchall() == [
            ("final", 3), ("scheduled", 1)
        ]  # fmt: skip


@pytest.mark.parametrize(("day", "waits"), [("01/10/20", 0), ("02/10/20", 1)])
def test_a_day_of_another_zone_may_be_tomorrow(
    context: Context, tmp_path: Path, day: str, waits: int
) -> None:
    path = season_file(tmp_path / "2021", [*ROWS, TO_COME.replace("05/10/20", day)])
    assert ingest(context, SOURCE, [path], now=NOW).quarantined == waits


def test_a_file_of_an_earlier_day_has_no_result_after_it(context: Context, tmp_path: Path) -> None:
    path = season_file(tmp_path / "2021", ROWS)
    report = ingest(context, SOURCE, [path], as_of=datetime(2020, 9, 20, tzinfo=UTC))
    assert (report.matches.inserted, report.quarantined) == (2, 1)


def test_a_result_of_a_match_to_come_waits_in_a_table_too(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(MATCHES)
    told = datetime(2021, 1, 2, tzinfo=UTC)
    report = ingest_tables(context, [table(tmp_path / "x.csv")], path, now=told)
    assert [(row.code, row.rows) for row in report.reasons] == [("result-before-play", 2)]


def test_a_file_is_of_no_day_to_come(context: Context, database: Database, tmp_path: Path) -> None:
    """It would count as newer than every file that comes until then."""
    path, ahead = season_file(tmp_path / "2021", ROWS), datetime.now(UTC) + timedelta(days=2)
    with pytest.raises(UsageError) as refused:
        ingest(context, SOURCE, [path], as_of=ahead)
    assert (refused.value.error_code, refused.value.exit_code) == ("AS_OF_AHEAD", 2)
    assert stored(database) == (0, 0, 0)
