"""Fetching, replayed from a server on 127.0.0.1: real sockets, real headers, real breaks."""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

from sportsplat.config.load import load_settings
from sportsplat.errors import InputRefused, SourceUnavailable
from sportsplat.leagues.league import load_leagues
from sportsplat.sources import get_source
from sportsplat.sources.base import Payload, Window
from sportsplat.sources.web.cache import RawCache
from sportsplat.sources.web.http import Fetcher
from tests.site import Answer, Site, gives, serving

BODY = b"Div,Date,HomeTeam,AwayTeam,FTHG,FTAG\nE0,14/08/21,Acton,Barnes,2,1\n"


def breaks_off(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(BODY)))
    handler.end_headers()
    handler.wfile.write(BODY[:-10])
    handler.close_connection = True


def hangs(handler: BaseHTTPRequestHandler) -> None:
    sleep(0.6)
    gives(200, BODY)(handler)


def drips(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    for _ in range(20):
        try:
            handler.wfile.write(b"x")
        except OSError:
            return
        sleep(0.05)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as server:
        yield server


@pytest.fixture
def cache(tmp_path: Path) -> RawCache:
    return RawCache(tmp_path / "cache")


@pytest.fixture
def fetcher(cache: RawCache) -> Iterator[Fetcher]:
    with httpx.Client(timeout=10, follow_redirects=True, trust_env=False) as client:
        yield Fetcher(client, cache, source="football-data", attempts=3, transfer_s=10, first_wait_s=0.01)


@pytest.fixture
def impatient(cache: RawCache) -> Iterator[Fetcher]:
    """Give up soon: for sites that `hangs` and `drips`."""
    with httpx.Client(timeout=0.3, follow_redirects=True, trust_env=False) as client:
        yield Fetcher(client, cache, source="football-data", attempts=3, transfer_s=0.4, first_wait_s=0.01)


def test_the_bytes_are_kept_untouched_beside_their_description(
    site: Site, cache: RawCache, fetcher: Fetcher
) -> None:
    site.answers = [gives(200, BODY, ETag='"a1"', Last_Modified="Sat, 14 Aug 2021 12:00:00 GMT")]
    url = f"{site.url}/mmz4281/2122/E0.csv"
    payload = fetcher.get(url, what="a season")
    assert (payload.name, payload.data) == (url, BODY)
    path = cache.path_of(url)
    assert path.read_bytes() == BODY
    told = json.loads(path.with_name("E0.csv.meta.json").read_text())
    assert (told["url"], told["sha256"], told["size"]) == (url, hashlib.sha256(BODY).hexdigest(), len(BODY))
    assert (told["etag"], told["last_modified"]) == ('"a1"', "Sat, 14 Aug 2021 12:00:00 GMT")
    assert sorted(file.name for file in path.parent.iterdir()) == ["E0.csv", "E0.csv.meta.json"]


def test_a_file_that_has_not_changed_is_not_sent_again(site: Site, fetcher: Fetcher) -> None:
    site.answers = [gives(200, BODY, ETag='"a1"', Last_Modified="Sat, 14 Aug 2021 12:00:00 GMT"), gives(304)]
    first = fetcher.get(f"{site.url}/E0.csv", what="a season")
    assert fetcher.get(f"{site.url}/E0.csv", what="a season") == first
    (_, unconditional), (_, conditional) = site.asked
    assert "if-none-match" not in unconditional
    assert conditional["if-none-match"] == '"a1"'
    assert conditional["if-modified-since"] == "Sat, 14 Aug 2021 12:00:00 GMT"


def test_a_file_that_is_said_not_to_have_changed_is_as_fresh_as_a_new_one(
    site: Site, cache: RawCache, fetcher: Fetcher
) -> None:
    site.answers = [gives(200, BODY, ETag='"a1"'), gives(304)]
    url = f"{site.url}/E0.csv"
    first = fetcher.get(url, what="a season")
    between = datetime.now(UTC)
    assert fetcher.get(url, what="a season", fresh_since=between) == first
    assert fetcher.get(url, what="a season", fresh_since=between) == first
    assert len(site.asked) == 2
    copy = cache.load(url)
    assert copy is not None
    assert (copy.etag, copy.fetched_at > between) == ('"a1"', True)


def test_a_newer_file_replaces_the_copy(site: Site, cache: RawCache, fetcher: Fetcher) -> None:
    site.answers = [gives(200, b"old\n", ETag='"a1"'), gives(200, BODY, ETag='"a2"')]
    url = f"{site.url}/E0.csv"
    assert fetcher.get(url, what="a season").data == b"old\n"
    assert fetcher.get(url, what="a season").data == BODY
    copy = cache.load(url)
    assert copy is not None
    assert (copy.data, copy.etag) == (BODY, '"a2"')


@pytest.mark.parametrize("failure", [gives(500), gives(503), gives(429), breaks_off])
def test_a_failure_that_passes_is_asked_again(site: Site, fetcher: Fetcher, failure: Answer) -> None:
    site.answers = [failure, gives(200, BODY)]
    assert fetcher.get(f"{site.url}/E0.csv", what="a season").data == BODY
    assert len(site.asked) == 2


def test_a_site_that_does_not_answer_in_time_is_asked_again(site: Site, impatient: Fetcher) -> None:
    site.answers = [hangs, gives(200, BODY)]
    assert impatient.get(f"{site.url}/E0.csv", what="a season").data == BODY
    assert len(site.asked) >= 2


@pytest.mark.parametrize("moment", ["Wed, 21 Oct 2015 07:28:00", "Wed, 21 Oct 2015 07:28:00 -0000", "soon"])
def test_a_moment_to_ask_again_may_lack_its_zone_or_be_none(
    site: Site, fetcher: Fetcher, moment: str
) -> None:
    site.answers = [gives(503, Retry_After=moment), gives(200, BODY)]
    assert fetcher.get(f"{site.url}/E0.csv", what="a season").data == BODY


def test_a_site_that_asks_for_patience_gets_it(site: Site, fetcher: Fetcher) -> None:
    site.answers = [gives(429, Retry_After="1"), gives(200, BODY)]
    started = monotonic()
    assert fetcher.get(f"{site.url}/E0.csv", what="a season").data == BODY
    assert monotonic() - started >= 1


def test_a_site_that_asks_for_an_hour_is_not_waited_for(site: Site, fetcher: Fetcher) -> None:
    site.answers = [gives(503, Retry_After="3600")]
    with pytest.raises(SourceUnavailable, match="did not return the file for season X"):
        fetcher.get(f"{site.url}/E0.csv", what="season X")
    assert len(site.asked) == 1


def test_attempts_end(site: Site, fetcher: Fetcher) -> None:
    site.answers = [gives(500)]
    with pytest.raises(SourceUnavailable) as unavailable:
        fetcher.get(f"{site.url}/E0.csv", what="a season")
    assert len(site.asked) == 3
    assert "500 Internal Server Error" in str(unavailable.value.cause)
    assert (unavailable.value.exit_code, unavailable.value.retryable) == (9, True)


def test_a_missing_file_names_season_and_address_and_is_not_asked_again(site: Site, fetcher: Fetcher) -> None:
    site.answers = [gives(404)]
    with pytest.raises(SourceUnavailable, match="the season 2031/32 of Premier League") as unavailable:
        fetcher.get(f"{site.url}/3132/E0.csv", what="the season 2031/32 of Premier League")
    assert unavailable.value.error_code == "REMOTE_FILE_MISSING"
    assert f"{site.url}/3132/E0.csv" in str(unavailable.value.cause)
    assert len(site.asked) == 1


@pytest.mark.parametrize("failure", [gives(500), gives(403), breaks_off, hangs, drips])
def test_without_an_answer_the_cached_copy_serves_with_a_warning(
    site: Site,
    cache: RawCache,
    fetcher: Fetcher,
    impatient: Fetcher,
    failure: Answer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    site.answers = [gives(200, BODY)]
    url = f"{site.url}/E0.csv"
    fetcher.get(url, what="a season")
    site.answers = [failure]
    with caplog.at_level(logging.WARNING, "sportsplat"):
        assert impatient.get(url, what="a season").data == BODY
    (warning,) = [record for record in caplog.records if record.name.startswith("sportsplat")]
    assert "using the copy fetched on" in warning.getMessage()
    copy = cache.load(url)
    assert copy is not None
    assert copy.data == BODY


def test_with_the_network_down_the_cached_copy_serves(site: Site, fetcher: Fetcher) -> None:
    site.answers = [gives(200, BODY)]
    url = f"{site.url}/E0.csv"
    fetcher.get(url, what="a season")
    site.server_close()
    assert fetcher.get(url, what="a season").data == BODY


@pytest.mark.parametrize(
    "failure", [breaks_off, drips, gives(200, b"\n<!DOCTYPE html><title>Log in</title>")]
)
def test_what_is_no_whole_file_never_enters_the_cache(
    site: Site, cache: RawCache, impatient: Fetcher, failure: Answer
) -> None:
    site.answers = [failure]
    with pytest.raises(SourceUnavailable):
        impatient.get(f"{site.url}/E0.csv", what="a season")
    assert not cache.folder.exists()


def test_a_copy_that_was_tampered_with_is_fetched_again(
    site: Site, cache: RawCache, fetcher: Fetcher
) -> None:
    site.answers = [gives(200, BODY, ETag='"a1"')]
    url = f"{site.url}/E0.csv"
    fetcher.get(url, what="a season")
    cache.path_of(url).write_bytes(BODY + b"E0,15/08/21,Acton,Chelm,9,0\n")
    assert fetcher.get(url, what="a season").data == BODY
    assert "if-none-match" not in site.asked[1][1]


@pytest.mark.parametrize(
    ("source", "league", "expected"),
    [
        ("football-data", "epl", "try again later, or pass a file you have already downloaded: "),
        (
            "fivethirtyeight-nba",
            "nba",
            "the site closed in March 2025: pass a file you have already downloaded: ",
        ),
    ],
)
def test_a_site_without_an_answer_names_the_command_with_its_own_source(
    site: Site, tmp_path: Path, source: str, league: str, expected: str
) -> None:
    site.answers = [gives(403, b"")]
    keys = ("football_data_url", "fivethirtyeight_url")
    settings = load_settings(
        project_dir=tmp_path, overrides={f"sources.{key}": site.url for key in keys}, environ={}
    )
    provider = get_source(source)
    assert provider.can_fetch
    with pytest.raises(SourceUnavailable) as refused:
        provider.fetch([2021], leagues=[load_leagues()[league]], settings=settings)
    assert refused.value.fix is not None
    assert refused.value.fix.startswith(expected)
    assert refused.value.fix.endswith(f"sportsplat ingest {source} FILE")


def test_addresses_with_queries_have_copies_of_their_own(cache: RawCache) -> None:
    paths = {cache.path_of(f"http://h/{end}") for end in ("", "a", "a?x=1", "a?x=2", "../a/../..%2f")}
    assert len(paths) == 5
    assert all(path.is_relative_to(cache.folder) and ".." not in path.parts for path in paths)


@pytest.mark.parametrize(
    ("source", "league", "seasons", "expected"),
    [
        ("football-data", "epl", [1999, 2021], ["/base/9900/E0.csv", "/base/2122/E0.csv"]),
        ("nflverse", "nfl", [2021], ["/base/games.csv"]),
        ("fivethirtyeight-nba", "nba", [2020], ["/base/nba_elo.csv"]),
    ],
)
def test_each_source_asks_its_site_for_the_files_of_the_seasons(
    site: Site, tmp_path: Path, source: str, league: str, seasons: list[int], expected: list[str]
) -> None:
    site.answers = [gives(200, BODY)]
    keys = ("football_data_url", "nflverse_url", "fivethirtyeight_url")
    overrides = {f"sources.{key}": f"{site.url}/base/" for key in keys} | {
        "sources.requests_per_minute": 6000
    }
    settings = load_settings(project_dir=tmp_path, overrides=overrides, environ={})
    provider = get_source(source)
    assert provider.can_fetch
    payloads = provider.fetch(seasons, leagues=[load_leagues()[league]], settings=settings)
    assert [path for path, _ in site.asked] == expected
    assert [payload.data for payload in payloads] == [BODY] * len(expected)
    assert all(headers["user-agent"].startswith("sportsplat/") for _, headers in site.asked)


@pytest.mark.parametrize(("source", "league"), [("football-data", "epl"), ("nflverse", "nfl")])
def test_what_was_fetched_just_now_is_not_asked_for_again(
    site: Site, tmp_path: Path, source: str, league: str
) -> None:
    site.answers = [gives(200, BODY)]
    window = Window(date(2021, 10, 1), date(2021, 10, 8))

    def follow(fresh_s: float) -> list[Payload]:
        keys = ("football_data_url", "nflverse_url")
        paces = {"sources.requests_per_minute": 6000, "sources.fresh_s": fresh_s}
        overrides = {f"sources.{key}": f"{site.url}/base" for key in keys} | paces
        settings = load_settings(project_dir=tmp_path, overrides=overrides, environ={})
        provider = get_source(source)
        assert provider.live
        return list(provider.fetch_window(window, leagues=[load_leagues()[league]], settings=settings))

    assert follow(600) == follow(600)
    assert len(site.asked) == 1
    follow(0)
    assert len(site.asked) == 2


def test_a_cache_that_cannot_be_written_does_not_stop_a_fetch(
    site: Site, cache: RawCache, fetcher: Fetcher, caplog: pytest.LogCaptureFixture
) -> None:
    cache.folder.write_text("a file where the folder should be")
    site.answers = [gives(200, BODY)]
    with caplog.at_level(logging.WARNING, "sportsplat"):
        assert fetcher.get(f"{site.url}/E0.csv", what="a season").data == BODY
        assert fetcher.get(f"{site.url}/E1.csv", what="a season").data == BODY
    assert sum("cannot be written" in record.getMessage() for record in caplog.records) == 1


def test_a_damaged_packed_file_is_refused_and_not_kept(site: Site, cache: RawCache, fetcher: Fetcher) -> None:
    site.answers = [gives(200, gzip.compress(BODY)[:-9])]
    with pytest.raises(InputRefused) as refused:
        fetcher.get(f"{site.url}/E0.csv.gz", what="a season")
    assert refused.value.error_code == "CORRUPT_GZIP"
    assert not cache.folder.exists()


def test_an_endless_file_is_refused_by_its_size(
    site: Site, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sportsplat.sources.web.http.LARGEST_BYTES", len(BODY) - 1)
    site.answers = [gives(200, BODY)]
    with pytest.raises(SourceUnavailable) as refused:
        fetcher.get(f"{site.url}/E0.csv", what="a season")
    assert refused.value.error_code == "REMOTE_TOO_LARGE"
    assert len(site.asked) == 1


def test_a_page_instead_of_a_file_is_told_by_its_title(site: Site, fetcher: Fetcher) -> None:
    site.answers = [gives(200, b"\xef\xbb\xbf\n<!DOCTYPE html><title>Log in to the hotel</title>")]
    with pytest.raises(SourceUnavailable) as refused:
        fetcher.get(f"{site.url}/E0.csv", what="a season")
    assert refused.value.error_code == "REMOTE_NOT_DATA"
    assert "'Log in to the hotel'" in str(refused.value.cause)
