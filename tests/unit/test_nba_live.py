"""Game logs from stats.nba.com, replayed from a server on 127.0.0.1 with the shape of its answers."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from urllib.parse import parse_qs, urlsplit

import pytest

from sportsplat.config.load import load_settings
from sportsplat.config.settings import Settings
from sportsplat.domain import MatchStatus
from sportsplat.errors import SourceUnavailable, UsageError
from sportsplat.leagues.league import load_leagues
from sportsplat.sources.base import Payload
from sportsplat.sources.nba_stats.source import NbaStats
from sportsplat.sources.web.cache import RawCache
from tests.site import Site, gives

LEAGUES = load_leagues()
HEADERS = [
    "SEASON_ID", "TEAM_ID", "TEAM_ABBREVIATION", "TEAM_NAME", "GAME_ID", "GAME_DATE", "MATCHUP", "WL", "MIN",
    "FGM", "FGA", "FG_PCT", "FG3M", "FG3A", "FG3_PCT", "FTM", "FTA", "FT_PCT", "OREB", "DREB", "REB", "AST",
    "STL", "BLK", "TOV", "PF", "PTS", "PLUS_MINUS", "VIDEO_AVAILABLE",
]  # fmt: skip
HOME = [
    "22023", 1610612738, "BOS", "Boston Celtics", "0022300001", "2023-10-25", "BOS vs. PHI", "W", 240, 40, 80,
    0.5, 10, 30, 0.333, 10, 12, 0.833, 8, 32, 40, 25, 7, 5, 12, 20, 100, 10, 1,
]  # fmt: skip
AWAY = [
    "22023", 1610612755, "PHI", "Philadelphia 76ers", "0022300001", "2023-10-25", "PHI @ BOS", "L", 240, 35,
    80, 0.438, 10, 30, 0.333, 10, 12, 0.833, 8, 32, 40, 25, 7, 5, 12, 20, 90, -10, 1,
]  # fmt: skip


def answer(*rows: list[object]) -> bytes:
    parameters = {"LeagueID": "00", "Season": "2023-24", "SeasonType": "Regular Season"}
    result = {"name": "LeagueGameLog", "headers": HEADERS, "rowSet": rows}
    told = {"resource": "leaguegamelog", "parameters": parameters, "resultSets": [result]}
    return json.dumps(told).encode()


LOG = answer(HOME, AWAY)
NO_GAMES = answer()


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def settings(site: Site, tmp_path: Path) -> Settings:
    overrides = {
        "sources.nba_stats_url": f"{site.url}/stats",
        "sources.requests_per_minute": 6000,
        "sources.attempts": 1,
    }
    return load_settings(project_dir=tmp_path, overrides=overrides, environ={})


def fetch(settings: Settings, *seasons: int) -> list[Payload]:
    return NbaStats().fetch(seasons, leagues=[LEAGUES["nba"]], settings=settings)


def test_each_kind_of_game_is_asked_for_in_the_words_of_the_site(site: Site, settings: Settings) -> None:
    site.answers = [gives(200, LOG)]
    assert len(fetch(settings, 2023)) == 3
    asked = [(urlsplit(path).path, parse_qs(urlsplit(path).query)) for path, _ in site.asked]
    assert {path for path, _ in asked} == {"/stats/leaguegamelog"}
    assert [query["SeasonType"] for _, query in asked] == [["Regular Season"], ["PlayIn"], ["Playoffs"]]
    for _, query in asked:
        assert (query["Season"], query["PlayerOrTeam"], query["LeagueID"]) == (["2023-24"], ["T"], ["00"])
    headers = site.asked[0][1]
    assert headers["user-agent"].startswith("Mozilla/")  # others are let hang
    assert headers["referer"] == "https://www.nba.com/"
    assert headers["host"] == site.url.removeprefix("http://")


def test_there_was_no_play_in_before_2019(site: Site, settings: Settings) -> None:
    site.answers = [gives(200, LOG)]
    fetch(settings, 1999)
    queries = [parse_qs(urlsplit(path).query) for path, _ in site.asked]
    assert [query["SeasonType"][0] for query in queries] == ["Regular Season", "Playoffs"]
    assert queries[0]["Season"] == ["1999-00"]


def test_the_answer_is_kept_untouched_and_parses(site: Site, settings: Settings) -> None:
    site.answers = [gives(200, LOG), gives(200, NO_GAMES)]
    (payload,) = fetch(settings, 2023)
    assert payload.data == LOG
    assert RawCache(settings.cache_dir).path_of(payload.name).read_bytes() == LOG
    batch = NbaStats().parse(payload, None, LEAGUES)
    (match,) = batch.matches
    assert (match.home, match.away, match.home_score, match.away_score) == ("Celtics", "Sixers", 100, 90)
    assert (match.season, match.status) == (2023, MatchStatus.FINAL)
    assert [box.stats["rebounds"] for box in batch.stats] == [40, 40]
    assert batch.rejected == []


def test_play_offs_that_have_not_begun_are_left_out(site: Site, settings: Settings) -> None:
    site.answers = [gives(200, LOG), gives(200, NO_GAMES), gives(200, NO_GAMES)]
    assert len(fetch(settings, 2023)) == 1


def test_a_season_without_any_game_is_none(site: Site, settings: Settings) -> None:
    site.answers = [gives(200, NO_GAMES)]
    with pytest.raises(SourceUnavailable, match="no games of the regular season of 2031-32") as unavailable:
        fetch(settings, 2031)
    assert unavailable.value.error_code == "REMOTE_FILE_MISSING"
    assert len(site.asked) == 1


@pytest.mark.parametrize("body", [b'{"Message":"An error has occurred."}', b"<html>", b"", b"[1]", b"{"])
def test_what_is_no_log_is_told_and_does_not_replace_the_copy(
    site: Site, settings: Settings, body: bytes
) -> None:
    site.answers = [gives(200, LOG), gives(200, NO_GAMES)]
    (payload,) = fetch(settings, 2023)
    site.answers = [gives(200, body)]
    with pytest.raises(SourceUnavailable, match="the regular season of 2023-24") as unavailable:
        fetch(settings, 2023)
    assert unavailable.value.error_code == "REMOTE_NOT_DATA"
    assert RawCache(settings.cache_dir).path_of(payload.name).read_bytes() == LOG


@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_an_error_of_the_site_names_season_and_address(site: Site, settings: Settings, status: int) -> None:
    site.answers = [gives(status)]
    with pytest.raises(SourceUnavailable, match="the regular season of 2023-24") as unavailable:
        fetch(settings, 2023)
    assert str(status) in str(unavailable.value.cause)
    assert f"{site.url}/stats/leaguegamelog" in str(unavailable.value.cause)


def test_without_an_answer_the_cached_copy_serves(site: Site, settings: Settings) -> None:
    site.answers = [gives(200, LOG), gives(200, NO_GAMES)]
    first = fetch(settings, 2023)
    site.answers = [gives(503)]
    assert [payload.data for payload in fetch(settings, 2023)] == [payload.data for payload in first]


def test_between_two_requests_there_is_a_pause(site: Site, settings: Settings) -> None:
    site.answers = [gives(200, LOG)]
    sources = settings.sources.model_copy(update={"requests_per_minute": 300})
    started = monotonic()
    fetch(settings.model_copy(update={"sources": sources}), 2023)
    assert monotonic() - started >= 0.4


def test_without_the_extra_the_command_that_installs_it_is_told(
    settings: Settings, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nba_api.stats.endpoints.leaguegamelog", None)
    with pytest.raises(UsageError) as missing:
        fetch(settings, 2023)
    assert missing.value.error_code == "EXTRA_MISSING"
    assert "pip install 'sportsplat[nba]'" in str(missing.value.fix)
    assert site.asked == []
