"""Names: known ones become teams, strange ones wait with the command that resolves them."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from sportsplat.cleaning.team_names import closest, declared_names, letters, spelling_of
from sportsplat.db.write.teams import ensure_league
from sportsplat.errors import InputRefused, NotFound, UsageError
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.jobs.ingest.quarantine import retry, waiting
from sportsplat.jobs.ingest.teams import identify
from sportsplat.jobs.teams import add, alias, teams
from sportsplat.leagues.league import load_leagues
from tests.conftest import Database
from tests.records import batch, count, forecast, match, stats

SOURCE = "football-data"


def season(folder: Path, *rows: str, name: str = "2021") -> Path:
    file = folder / name / "E0.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(["Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR", *rows]) + "\n")
    return file


def stored_names(context: Context, league: str = "epl") -> set[str]:
    return {row.name for row in teams(context, league) if row.stored}


FIRST = ("E0,12/09/2020,Man United,Leeds,2,1,H", "E0,13/09/2020,Fulham,Arsenal,0,3,A")


def test_a_source_that_names_the_teams_of_a_league_brings_new_ones(context: Context, tmp_path: Path) -> None:
    ingest(context, SOURCE, [season(tmp_path, *FIRST)])
    ingest(context, SOURCE, [season(tmp_path / "b", "E0,20/09/2020,Villa Nova,Leeds,1,1,D")])
    stored = {row.name: row.named_by for row in teams(context, "epl") if row.stored}
    assert stored == dict.fromkeys(("Arsenal", "Fulham", "Leeds", "Man United", "Villa Nova"), SOURCE)


def test_a_source_that_comes_second_brings_the_clubs_that_are_declared_and_no_others(
    context: Context, tmp_path: Path
) -> None:
    """Who went down before the files of `football-data` begin waits for nobody; a strange name waits."""
    ingest(context, SOURCE, [season(tmp_path, *FIRST)])
    file = tmp_path / "spi_matches.csv"
    header = "date,league,team1,team2,spi1,spi2,prob1,prob2,probtie,score1,score2"
    rows = [
        f"2020-02-0{day},Barclays Premier League,{home},{away},70,60,0.5,0.3,0.2,1,0"
        for day, home, away in ((1, "Leeds United", "Norwich City"), (2, "Leeds United", "Villa Nova"))
    ]
    file.write_text("\n".join([header, *rows]) + "\n")
    report = ingest(context, "fivethirtyeight-soccer-spi", [file])
    assert report.matches.inserted == 1
    assert [row.reason.partition(" is not a known team")[0] for row in waiting(context)] == ["'Villa Nova'"]
    stored = {row.name: row.named_by for row in teams(context, "epl") if row.stored}
    assert stored["Norwich"] is None
    assert stored.keys() == {"Arsenal", "Fulham", "Leeds", "Man United", "Norwich"}


@pytest.mark.parametrize("strange", ["Man Unitd", "Man United FC"])
def test_another_spelling_of_a_stored_team_waits_and_is_resolved_by_the_command_that_it_names(
    context: Context, database: Database, tmp_path: Path, strange: str
) -> None:
    ingest(context, SOURCE, [season(tmp_path, *FIRST)])
    with pytest.raises(InputRefused, match="all wait in quarantine"):
        ingest(context, SOURCE, [season(tmp_path / "b", f"E0,20/09/2020,{strange},Leeds,1,1,D")])
    (row,) = waiting(context)
    assert (row.code, row.line) == ("unknown-team", 2)
    assert row.raw == f"E0,20/09/2020,{strange},Leeds,1,1,D"
    name = f"'{strange}'"
    assert f"sportsplat teams alias epl football-data {name} 'Man United'" in row.reason

    assert alias(context, "epl", SOURCE, strange, "Man United").new
    assert not alias(context, "epl", SOURCE, strange, "Man United").new
    result = retry(context)
    assert (result.resolved, result.waiting) == (1, 0)
    with database.connect() as conn:
        assert count(conn, "matches") == 3
        assert count(conn, "teams") == 4


def test_another_spelling_of_a_declared_team_waits_though_no_team_is_stored_yet(
    context: Context, database: Database, tmp_path: Path
) -> None:
    """'Manchester United' is declared as a spelling of Man United, who are named in the same file."""
    rows = ("E0,12/09/2020,Manchester Untied,Leeds,2,1,H", "E0,13/09/2020,Man United,Villa Nova,0,3,A")
    report = ingest(context, SOURCE, [season(tmp_path, *rows)])
    assert report.matches.inserted == 1
    (row,) = waiting(context)
    assert (row.code, row.line) == ("unknown-team", 2)
    command = "sportsplat teams alias epl football-data 'Manchester Untied' 'Man United'"
    assert row.reason.endswith(command)
    assert "Manchester Untied" not in stored_names(context)

    alias(context, *shlex.split(command)[3:])
    assert retry(context).waiting == 0
    assert stored_names(context) == {"Man United", "Villa Nova", "Leeds"}


def test_the_declared_team_is_meant_before_a_stored_one_that_is_misspelt_itself(
    context: Context, tmp_path: Path
) -> None:
    add(context, "epl", "Manchester Untied")
    with pytest.raises(InputRefused, match="all wait in quarantine"):
        ingest(context, SOURCE, [season(tmp_path, "E0,12/09/2020,Manchester Untd,Leeds,2,1,H")])
    (row,) = waiting(context)
    assert "Closest: 'Man United', 'Manchester Untied'" in row.reason
    assert row.reason.endswith("'Manchester Untd' 'Man United'")


def test_who_meets_a_declared_team_is_no_spelling_of_it(context: Context, tmp_path: Path) -> None:
    ingest(context, SOURCE, [season(tmp_path, "E0,12/09/2020,Sheffield Unitas,Sheffield United,2,1,H")])
    assert stored_names(context) == {"Sheffield Unitas", "Sheffield United"}


@pytest.mark.parametrize(
    ("league", "stored", "name"),
    [
        ("league-one", "AFC Wimbledon", "Wimbledon"),
        ("la-liga-2", "Valencia", "Valencia B"),
        ("epl", "Alfa FC", "Alfa B"),
    ],
)
def test_another_club_is_new_though_one_of_a_like_name_is_stored(
    context: Context, league: str, stored: str, name: str
) -> None:
    with context.connect("app") as conn:
        ensure_league(conn, context.league(league))
        sides = [match(stored, "Other Town", score=(1, 0)), match(name, "Third Town", score=(1, 0))]
        for place, one in enumerate(sides):
            made = batch([one])._replace(league=league, source="table")
            known = identify(conn, made, context.league(league))
            assert len(known.batch.matches) == 1, place


@pytest.mark.parametrize("name", ["Villarreal B", "Gimnastic II", "Real Sociedad B", "Villa Nova"])
def test_a_name_that_has_a_word_more_than_a_declared_one_or_is_like_none_is_a_new_team(name: str) -> None:
    assert spelling_of(name, declared_names(load_leagues()["la-liga"])) is None


@pytest.mark.parametrize(
    ("league", "name", "team"),
    [
        ("epl", "Manchester Untied", "Man United"),
        ("epl", "NOTTINGHAM FOREST F.C.", "Nott'm Forest"),
        ("epl", "Wimbledon", None),  # became the MK Dons; AFC Wimbledon is declared
        ("epl", "AFC Wimbeldon", "AFC Wimbledon"),
        ("bundesliga", "Koln FC", "FC Koln"),
        ("la-liga", "Logrones", None),  # football-data means UD Logrones by it, since 2009
        ("la-liga", "Atlético de Madird", None),
        ("la-liga", "Atletico Madird", "Ath Madrid"),
        ("nba", "Milwaukee Buks", "Bucks"),
        ("nba", "1610612799", None),
        ("champions-league", "Manchester Untied", None),
    ],
)
def test_a_name_is_another_spelling_of_a_team_if_nearly_all_its_letters_are_those_of_a_declared_one(
    league: str, name: str, team: str | None
) -> None:
    """Codes such as the NBA's own numbers are like each other by chance."""
    assert spelling_of(name, declared_names(load_leagues()[league])) == team


def test_a_promoted_club_is_no_spelling_of_a_club_of_the_same_file(context: Context, tmp_path: Path) -> None:
    """Sheffield United and Sheffield Utd could be one; Man United and Man City play each other."""
    rows = ("E0,12/09/2020,Man United,Man City,2,1,H", "E0,13/09/2020,Sheffield United,Sheffield Weds,0,3,A")
    assert ingest(context, SOURCE, [season(tmp_path, *rows)]).matches.inserted == 2


def test_an_alias_holds_on_its_days_only(context: Context, tmp_path: Path) -> None:
    ingest(context, SOURCE, [season(tmp_path, *FIRST)])
    alias(context, "epl", SOURCE, "Utd", "Man United", until=date(2020, 9, 30))
    alias(context, "epl", SOURCE, "Utd", "Leeds", since=date(2020, 10, 1))
    rows = ("E0,26/09/2020,Utd,Arsenal,1,1,D", "E0,03/10/2020,Utd,Arsenal,2,1,H")
    assert ingest(context, SOURCE, [season(tmp_path / "b", *rows)]).matches.inserted == 2
    spellings = {row.name: row.spellings for row in teams(context, "epl")}
    assert "football-data: Utd until 2020-09-30" in spellings["Man United"]
    assert "football-data: Utd from 2020-10-01" in spellings["Leeds"]


def test_an_alias_that_is_told_anew_replaces_the_old_one(context: Context, tmp_path: Path) -> None:
    ingest(context, SOURCE, [season(tmp_path, *FIRST)])
    alias(context, "epl", SOURCE, "Utd", "Leeds")
    assert alias(context, "epl", SOURCE, "Utd", "Man United").new
    assert not any(
        "Utd" in text for row in teams(context, "epl") if row.name == "Leeds" for text in row.spellings
    )


@pytest.mark.parametrize(
    ("words", "error", "code"),
    [
        (("epl", SOURCE, "Utd", "Man Untied"), NotFound, "UNKNOWN_TEAM"),
        (("epl", "football", "Utd", "Leeds"), NotFound, "UNKNOWN_SOURCE"),
        (("elp", SOURCE, "Utd", "Leeds"), NotFound, "UNKNOWN_LEAGUE"),
        (("epl", SOURCE, "Fulham", "Leeds"), UsageError, "NAME_IS_A_TEAM"),
    ],
)
def test_a_wrong_word_gets_a_suggestion_and_changes_nothing(
    context: Context, database: Database, tmp_path: Path, words: tuple[str, ...], error: type[Any], code: str
) -> None:
    ingest(context, SOURCE, [season(tmp_path, *FIRST)])
    with pytest.raises(error) as refused:
        alias(context, *words)
    assert refused.value.error_code == code
    with database.connect() as conn:
        assert count(conn, "team_aliases") == 0


@pytest.mark.parametrize("name", ["Leeds '92", 'the "Whites" of L$eds', "A & b; c"])
def test_a_suggested_command_can_be_pasted_whatever_the_name(context: Context, name: str) -> None:
    add(context, "epl", name)
    with pytest.raises(NotFound) as unknown:
        alias(context, "epl", SOURCE, "Utd", f"{name} II")
    assert shlex.split(str(unknown.value.fix).partition("a new team: ")[2])[-1] == f"{name} II"


def test_a_team_is_not_made_a_second_time_in_other_capitals(context: Context) -> None:
    add(context, "epl", "Villa Nova")
    for name, team in (("VILLA NOVA", "Villa Nova"), ("man united", "Man United")):
        with pytest.raises(InputRefused, match=f"'{team}' is a team of epl") as near:
            add(context, "epl", name)
        assert near.value.error_code == "NEAR_NAME"


def test_case_makes_no_other_team(context: Context, database: Database, tmp_path: Path) -> None:
    """Declared, stored and new names, and those of aliases, compare without regard to case."""
    rows = (
        "E0,12/09/2020,MAN UNITED,Villa Nova,2,1,H",
        "E0,13/09/2020,villa nova,leeds,0,0,D",
        "E0,14/09/2020,STRASSE 04,Leeds,0,0,D",
        "E0,15/09/2020,Straße 04,Man United,0,0,D",
    )
    ingest(context, SOURCE, [season(tmp_path, *rows)])
    assert stored_names(context) == {"Man United", "Villa Nova", "Leeds", "STRASSE 04"}
    ingest(context, SOURCE, [season(tmp_path / "b", "E0,19/09/2020,VILLA NOVA,Strasse 04,2,1,H")])
    alias(context, "epl", SOURCE, "The Reds", "man UNITED")
    ingest(context, SOURCE, [season(tmp_path / "c", "E0,26/09/2020,THE REDS,Strasse 04,2,1,H")])
    assert waiting(context) == []
    assert stored_names(context) == {"Man United", "Villa Nova", "Leeds", "STRASSE 04"}
    with database.connect() as conn:
        assert count(conn, "matches") == 6


def test_an_alias_is_replaced_by_one_in_other_capitals(context: Context, tmp_path: Path) -> None:
    ingest(context, SOURCE, [season(tmp_path, *FIRST)])
    alias(context, "epl", SOURCE, "Utd", "Man United")
    alias(context, "epl", SOURCE, "UTD", "Leeds")
    spelt = {row.name: row.spellings for row in teams(context, "epl")}
    assert "football-data: UTD" in spelt["Leeds"]
    assert not any(one.startswith("football-data: Utd") for one in spelt["Man United"])


@pytest.mark.parametrize(("strange", "team"), [("Spurs II", None), ("Manchestre Untied", "Man United")])
def test_a_team_that_is_hardly_meant_is_offered_in_no_command(
    context: Context, tmp_path: Path, strange: str, team: str | None
) -> None:
    """QPR were the closest to Spurs once: a code is like any name by chance."""
    ingest(context, SOURCE, [season(tmp_path, *FIRST)])
    file = tmp_path / "spi.csv"
    header = "date,league,team1,team2,spi1,spi2,prob1,prob2,probtie,score1,score2"
    file.write_text(f"{header}\n2019-03-02,Barclays Premier League,{strange},Leeds,,,0.5,0.3,0.2,1,0\n")
    with pytest.raises(InputRefused, match="all wait in quarantine"):
        ingest(context, "fivethirtyeight-soccer-spi", [file])
    (row,) = waiting(context)
    last = shlex.split(row.reason[row.reason.index("sportsplat ") :])[-1]
    assert last == (team or "TEAM")


def test_a_declared_league_takes_no_name_that_is_not_declared(context: Context, tmp_path: Path) -> None:
    file = tmp_path / "games.csv"
    header = "game_id,season,game_type,gameday,away_team,away_score,home_team,home_score"
    file.write_text(f"{header}\n1,2020,REG,2020-09-13,BUF,17,NYJ,27\n2,2020,REG,2020-09-13,XXX,17,MIA,27\n")
    report = ingest(context, "nflverse", [file])
    assert report.matches.inserted == 2  # nflverse may name teams of the NFL
    assert add(context, "nhl", "Whalers").to_dict() == {"league": "nhl", "team": "Whalers", "new": True}
    assert not add(context, "nhl", "Whalers").new


@pytest.mark.parametrize(
    ("name", "known", "first"),
    [
        ("Manchester United", ["Man United", "Man City", "Leeds"], "Man United"),
        ("Atlético Madrid", ["Ath Madrid", "Real Madrid", "Atletico Madrid"], "Atletico Madrid"),
        ("1. FC Köln", ["FC Koln", "Mainz"], "FC Koln"),
    ],
)
def test_the_closest_name_comes_first(name: str, known: list[str], first: str) -> None:
    assert closest(name, known)[0] == first


def test_a_name_is_compared_by_its_letters() -> None:
    assert letters("A.F.C. Bournemouth ") == letters("afc bournemouth") != letters("FC")
    assert letters("FC") == "fc"
    assert letters("Спартак Москва") != letters("Динамо Москва")


def test_a_match_that_one_source_dates_otherwise_is_on_the_day_that_all_others_have(
    context: Context, database: Database
) -> None:
    """Of Hawks - Heat, 19 December 2007, FiveThirtyEight has the day on which its end was played again."""
    league = context.league("nba")
    replayed = match("Hawks", "Heat", date(2008, 3, 7), (114, 111), season=2007)
    another = match("Hawks", "Heat", date(2008, 3, 8), (97, 94), season=2007)
    told = batch([replayed, another], "nba", forecasts=[forecast(replayed, 0.6, 0.4)])
    with database.connect("sportsplat_app") as conn:
        ensure_league(conn, league)
        for source, day in (("fivethirtyeight-nba", date(2007, 12, 19)), ("nba-stats", date(2008, 3, 7))):
            found = identify(conn, told._replace(source=source), league).batch
            assert [one.match_date for one in found.matches] == [day, date(2008, 3, 8)]
            assert found.matches[0].kickoff_utc.date() == day
            assert found.matches[0].known_at == replayed.known_at
            assert found.forecasts[0].match == found.matches[0].key


def test_what_is_told_of_a_match_that_was_held_later_is_known_so_much_later(database: Database) -> None:
    told = match(day=date(2020, 1, 3), score=(1, 0))
    made = batch([told], stats=[stats(told, shots=4.0)], forecasts=[forecast(told, 0.5, 0.3, 0.2)])
    league = load_leagues()["sim"]
    day = (made.source, told.match_date, told.home, told.away)
    for held in (date(2020, 1, 9), date(2019, 12, 30)):
        later = max(held - told.match_date, timedelta())
        with database.connect() as conn:
            ensure_league(conn, league)
            known = identify(conn, made, replace(league, dates={day: held})).batch
        assert known.matches[0].match_date == held
        assert told.known_at is not None
        assert known.matches[0].known_at == told.known_at + later
        for kind in ("stats", "forecasts"):
            (before,), (now,) = getattr(made, kind), getattr(known, kind)
            assert now.known_at == before.known_at + later
