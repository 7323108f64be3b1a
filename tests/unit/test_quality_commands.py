"""The next step of a finding: a command that can bring what is missing, of a source that has it."""

from __future__ import annotations

from datetime import date, timedelta
from importlib.util import find_spec

from sportsplat.config.settings import Settings
from sportsplat.jobs import quality as jobs
from sportsplat.quality.facts import (
    OverdueFixtures,
    SourceCount,
)
from sportsplat.quality.findings import findings
from sportsplat.quality.picture import Provider
from sportsplat.quality.report import headline, report
from tests.quality_pictures import (
    EPL,
    LEAGUES,
    NOW,
    TODAY,
    facts,
    found,
    picture,
    priced,
    whole,
)


def test_nothing_stored_is_an_error_with_the_command_that_begins() -> None:
    (one,) = found(facts(), "no-matches")
    assert (one.severity, one.next) == ("error", "sportsplat ingest football-data --league epl --season 2021")


def test_a_fixture_of_a_source_without_results_asks_another_one_for_them() -> None:
    day = TODAY - timedelta(9)
    unplayed = [OverdueFixtures(2021, "odds-api", "scheduled", 1, day, day)]
    (one,) = found(facts(whole(2021), unplayed=unplayed), "unplayed-past-fixture")
    assert one.next == "sportsplat ingest football-data --league epl --season 2021"


NBA, MLB = (
    jobs.providers(LEAGUES[code], jobs.candidates(LEAGUES[code], set()), Settings())
    for code in ("nba", "mlb")
)


ARCHIVE = "fivethirtyeight-nba"


def test_seasons_after_the_last_one_of_a_closed_site_are_asked_of_a_live_one() -> None:
    stored = facts(whole(2020), sources=[SourceCount(2020, ARCHIVE, 1_080)])
    (one,) = found(stored, "stale", league=LEAGUES["nba"], providers=NBA, today=date(2024, 1, 2))
    seasons = "--season 2021 --season 2022 --season 2023"
    live = "espn" if find_spec("nba_api") is None else "nba-stats"
    assert one.next == f"sportsplat ingest {live} --league nba {seasons}"


def test_matches_that_a_closed_site_has_put_off_are_asked_of_a_live_one() -> None:
    day = date(2021, 2, 1)
    stored = facts(
        whole(2020),
        sources=[SourceCount(2020, ARCHIVE, 1_080)],
        unplayed=[OverdueFixtures(2020, ARCHIVE, "postponed", 13, day, day)],
    )
    (one,) = found(stored, "postponed", league=LEAGUES["nba"], providers=NBA)
    assert one.next is not None
    assert ARCHIVE not in one.next
    assert "FILE" not in one.next


def test_results_are_asked_of_no_source_without_them() -> None:
    day, source = date(2016, 6, 1), "fivethirtyeight-checking-our-work"
    stored = facts(
        whole(2016),
        sources=[SourceCount(2016, source, 2_463)],
        unplayed=[OverdueFixtures(2016, source, "scheduled", 2_463, day, day)],
    )
    (one,) = found(stored, "unplayed-past-fixture", league=LEAGUES["mlb"], providers=MLB)
    assert one.next == "sportsplat ingest espn --league mlb --season 2016"
    without_sites = [provider._replace(fetchable=False) for provider in MLB if provider.name != "espn"]
    (one,) = found(stored, "unplayed-past-fixture", league=LEAGUES["mlb"], providers=without_sites)
    assert one.next == "sportsplat ingest sportsbookreview FILE --season 2016"


def test_a_season_that_only_files_tell_of_is_asked_of_a_file_and_the_report_says_what_stands_for_it() -> None:
    stored = facts(
        whole(1949), whole(1951), sources=[SourceCount(season, ARCHIVE, 400) for season in (1949, 1951)]
    )
    shown = picture(stored, league=LEAGUES["nba"], providers=NBA)
    (one,) = (one for one in findings(shown) if one.code == "missing-season")
    assert one.next == f"sportsplat ingest {ARCHIVE} FILE --season 1950"
    assert headline(report(shown, NOW))[-1].startswith("FILE in a command is a file")
    assert not [line for line in headline(report(picture(facts(whole(2021))), NOW)) if "FILE" in line]


def test_a_season_that_nobody_has_leads_to_the_list_of_sources() -> None:
    archive = [Provider(ARCHIVE, fetchable=False, first=1946, last=2022)]
    (one,) = found(facts(whole(2022)), "stale", providers=archive, today=date(2024, 1, 2))
    assert one.next == "sportsplat sources"
    (one,) = found(facts(whole(2020)), "stale", providers=archive, today=date(2024, 1, 2))
    assert one.next == f"sportsplat ingest {ARCHIVE} FILE --season 2021 --season 2022"
    (one,) = found(facts(), "no-matches", providers=archive, today=date(2026, 1, 2))
    assert one.next == f"sportsplat ingest {ARCHIVE} FILE"


def test_files_of_a_table_are_asked_for_with_their_mapping() -> None:
    table = jobs.providers(EPL, ["table"], Settings())
    (one,) = found(facts(whole(2017), whole(2019)), "missing-season", providers=table)
    assert one.next == "sportsplat ingest table FILE --mapping MAPPING.yaml --season 2018"


def test_a_gap_among_several_sources_sends_nobody_to_one_that_may_not_have_it() -> None:
    seasons = [whole(season) for season in range(2010, 2013)]
    sources = [SourceCount(one.season, name, 380) for one in seasons for name in ("espn", "football-data")]
    stored = facts(*seasons, prices=priced({2010: 380, 2011: 200, 2012: 380}), sources=sources)
    (gap,) = found(stored, "coverage-gap")
    assert gap.next == "sportsplat sources"
