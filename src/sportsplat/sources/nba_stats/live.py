"""The game logs of today, from stats.nba.com, through the optional package nba_api.

nba_api knows what the site wants to hear (endpoint, parameters, the headers of a browser, without which it
lets requests hang); asking is done by our own fetcher, which nba_api's HTTP cannot do as well: repeat with
pauses, keep the untouched answer in the raw cache, and serve that when the site does not answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sportsplat.errors import InputRefused, SourceUnavailable, UsageError
from sportsplat.sources.base import Payload
from sportsplat.sources.nba_stats.box import FORMAT, NAME, REQUIRED, is_answer, read_answer
from sportsplat.sources.web.http import open_fetcher, refuse_web_page

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings

SEASON_TYPES = {"Regular Season": "regular season", "PlayIn": "play-in", "Playoffs": "play-offs"}
FIRST_PLAY_IN = 2019
OWN_HEADERS = frozenset({"host", "connection", "accept-encoding"})  # our own client knows them better


def fetch_logs(seasons: Sequence[int], settings: Settings) -> list[Payload]:
    """Get the logs of seasons (years in which they start), each kind of game in an answer of its own.

    An answer without games (play-offs that have not begun) is left out.

    Raises:
        UsageError: the optional package is not installed (EXTRA_MISSING).
        SourceUnavailable: the site has no game of a season (REMOTE_FILE_MISSING), answers with something else
            (REMOTE_NOT_DATA), or does not answer and nothing is cached.
    """
    nba_api = _nba_api()
    found: list[Payload] = []
    with open_fetcher(settings, NAME, headers=_headers(nba_api)) as fetcher:
        for season, kind in _wanted(seasons):
            url = f"{settings.sources.nba_stats_url}/{_question(nba_api, season, kind)}"
            what = f"the {SEASON_TYPES[kind]} of {_name(season)}"
            answer = fetcher.get(url, what=what, refuse=_refuse_other_answers)
            if _has_games(answer):
                found.append(answer)
            elif kind == "Regular Season":
                raise SourceUnavailable(
                    f"the site has no games of {what}",
                    code="REMOTE_FILE_MISSING",
                    cause=f"the rowSet of {url} is empty",
                    fix="check the season (the year in which it starts)",
                    url=url,
                )
    return found


def _wanted(seasons: Sequence[int]) -> Iterator[tuple[int, str]]:
    for season in seasons:
        for kind in SEASON_TYPES:
            if kind != "PlayIn" or season >= FIRST_PLAY_IN:
                yield season, kind


def _name(season: int) -> str:
    return f"{season}-{(season + 1) % 100:02d}"


def _nba_api() -> Any:
    try:
        return import_module("nba_api.stats.endpoints.leaguegamelog")
    except ImportError as missing:
        raise UsageError(
            "fetching from stats.nba.com needs the optional package nba_api",
            code="EXTRA_MISSING",
            cause=f"it cannot be imported: {missing}",
            fix=f"pip install 'sportsplat[nba]', or pass files you have already downloaded: sportsplat "
            f"ingest {NAME} FILE…",
        ) from missing


def _question(nba_api: Any, season: int, kind: str) -> str:
    """Return endpoint and query, the parameters sorted as nba_api sorts them."""
    log = nba_api.LeagueGameLog(season=_name(season), season_type_all_star=kind, get_request=False)
    return f"{log.endpoint}?{urlencode(sorted(log.parameters.items()))}"


def _headers(nba_api: Any) -> Mapping[str, str]:
    reported: Mapping[str, str] = nba_api.NBAStatsHTTP.headers
    return {name: value for name, value in reported.items() if name.lower() not in OWN_HEADERS}


def _has_games(answer: Payload) -> bool:
    try:
        read_answer(answer, required=REQUIRED, format_name=FORMAT)
    except InputRefused as refused:
        if refused.error_code != "EMPTY_FILE":
            raise
        return False
    return True


def _refuse_other_answers(url: str, what: str, data: bytes) -> None:
    """Raise SourceUnavailable for what is no log: a web page, or the site's message that it failed."""
    refuse_web_page(url, what, data)
    answer = Payload(url, data, "")
    try:
        if is_answer(answer):
            _has_games(answer)
            return
    except InputRefused:
        pass
    raise SourceUnavailable(
        f"the site did not return {what}",
        code="REMOTE_NOT_DATA",
        cause=f"{url} answered 200 and {data[:80]!r}",
        fix="try again later: the site does this when it is overloaded",
        url=url,
    )
