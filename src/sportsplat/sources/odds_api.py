"""The Odds API v4: live prices of many bookmakers, with a key and a monthly quota.

One answer is a JSON list; what is read of it:

    [].id, sport_key ("basketball_nba"), commence_time ("2024-05-24T22:40:00Z"), home_team, away_team
      bookmakers[]      key ("pinnacle"), last_update
        markets[]       key ("h2h", "spreads", "totals"), last_update
          outcomes[]    name (a team, "Draw", "Over", "Under"), price (decimal), point (that team's, or total)

A price is known from its `last_update`. One taken after the start is of the running game and left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx

from sportsplat.domain import Batch, Market, MatchKey, MatchRecord, Outcome, Precision, QuoteRecord
from sportsplat.errors import ConfigError, InputRefused, SourceUnavailable
from sportsplat.leagues.team_names import fold
from sportsplat.sources.base import Payload, Source, Window, one_league
from sportsplat.sources.reading.cells import RowError
from sportsplat.sources.reading.json_events import (
    EventMatch,
    EventReader,
    dig,
    items,
    moment_of,
    not_such_json,
    number_of,
    read_json,
    text_of,
)
from sportsplat.sources.reading.seasons import season_of
from sportsplat.sources.web.http import Access, fresh_since, open_fetcher

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sportsplat.config.settings import Settings
    from sportsplat.leagues.league import League


EXHAUSTED = "OUT_OF_USAGE_CREDITS"
RENEWED = "credits renew every month; your account at https://the-odds-api.com shows the date"


def fetch_prices(league: League, settings: Settings) -> Payload:
    """Return the prices of a league that The Odds API has; see `OddsApi.fetch_window`."""
    wanted = settings.sources
    if wanted.odds_api_key is None:
        raise ConfigError(
            "The Odds API needs a key",
            code="KEY_MISSING",
            cause="sources.odds_api_key is not set",
            fix="write ODDS_API_KEY=… into .env; a free key: https://the-odds-api.com",
        )
    url = (
        f"{wanted.odds_api_url}/sports/{league.sources[NAME]}/odds?regions={wanted.odds_api_regions}"
        f"&markets={','.join(MARKETS)}&oddsFormat=decimal&dateFormat=iso"
    )
    cost = len(MARKETS) * (wanted.odds_api_regions.count(",") + 1)
    quota = _Quota()
    access = Access({"apiKey": wanted.odds_api_key}, quota.examine)
    with open_fetcher(settings, NAME) as fetcher:
        kept = fetcher.cached(url, fresh_since(settings))
        if kept is not None:
            return kept
        fetcher.get(f"{wanted.odds_api_url}/sports?all=false", what="the list of sports", access=access)
        quota.spend(cost, wanted.odds_api_reserve, league.name)
        return fetcher.get(url, what=f"the prices of {league.name}", access=access)


class _Quota:
    """The remaining credits of the month according to the latest answer; None before the first answer."""

    def __init__(self) -> None:
        self.remaining: float | None = None
        self._used = "?"

    def examine(self, answer: httpx.Response) -> None:
        """Record the quota from an answer. Raises ConfigError for an invalid key."""
        reported = answer.headers.get("x-requests-remaining", "")
        if reported.replace(".", "", 1).isdecimal():
            self.remaining = float(reported)
            self._used = answer.headers.get("x-requests-used", "?")
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise _refusal(answer)

    def spend(self, cost: int, reserve: int, name: str) -> None:
        """Raise SourceUnavailable (QUOTA_RESERVED) where a request would leave less than the reserve."""
        if self.remaining is None or self.remaining - cost >= reserve:
            return
        raise SourceUnavailable(
            f"The Odds API has few credits left; the prices of {name} were not requested",
            code="QUOTA_RESERVED",
            cause=f"{self.remaining:g} left, {self._used} used; this request costs {cost}, and "
            f"sources.odds_api_reserve keeps {reserve}",
            fix=f"{RENEWED}; or lower sources.odds_api_reserve",
        )


def _refusal(answer: httpx.Response) -> ConfigError | SourceUnavailable:
    """Distinguish a wrong key from one without credits; both are 401, and `error_code` says which."""
    code = "no error_code"
    with suppress(ValueError, RecursionError, httpx.HTTPError):
        code = text_of(dig(json.loads(answer.read()), "error_code")) or code
    if code == EXHAUSTED:
        return SourceUnavailable(
            "the credits of The Odds API are used up",
            code="QUOTA_EXHAUSTED",
            cause=f"it answered {answer.status_code} ({code})",
            fix=RENEWED,
        )
    return ConfigError(
        "The Odds API rejected the key",
        code="KEY_REFUSED",
        cause=f"it answered {answer.status_code} ({code[:60]}); the key is sources.odds_api_key",
        fix="correct it; `sportsplat config explain sources.odds_api_key` shows where it is set",
    )


NAME = "odds-api"
FORMAT = "The Odds API"
MARKETS = {"h2h": Market.RESULT, "spreads": Market.SPREAD, "totals": Market.TOTAL}
LAY = frozenset({"h2h_lay", "outrights_lay"})  # what an exchange pays who bets against it: no price to bet at


class OddsApi(Source):
    """The source `odds-api`."""

    name = NAME
    title = "The Odds API v4"
    licence = "your own key, under the terms of the-odds-api.com"
    url = "https://the-odds-api.com"
    gives = ("upcoming matches", "live prices of the result, spreads and totals by bookmaker")

    def parse(self, payload: Payload, league: League | None, leagues: Mapping[str, League]) -> Batch:
        """Read one list of events. Without `league` it follows from the events, or from the address of an
        empty list.

        Raises:
            InputRefused: no such list (NOT_THIS_FORMAT), empty (EMPTY_FILE), of a sport that is not
                declared (UNKNOWN_DIVISION), or not of the league that was asked for (WRONG_LEAGUE).
        """
        events = read_json(payload, FORMAT)
        if not isinstance(events, list) or not all(_is_event(event) for event in events):
            raise not_such_json(payload, FORMAT, "it is not a list of events with `sport_key`")
        return _Reader(payload, events, _league_of(payload, events, league, leagues), NAME).read_all()

    def fetch(
        self,
        seasons: Sequence[int],  # noqa: ARG002 - there are only prices of now
        *,
        leagues: Sequence[League],
        settings: Settings,
    ) -> list[Payload]:
        """Get the prices of now; see `fetch_window`."""

        return [fetch_prices(one_league(NAME, leagues), settings)]

    def lacks(self, settings: Settings) -> str | None:
        """Say that there is no key."""
        return None if settings.sources.odds_api_key else "no key: set ODDS_API_KEY in .env"

    def fetch_window(
        self,
        window: Window,  # noqa: ARG002
        *,
        leagues: Sequence[League],
        settings: Settings,
    ) -> Iterator[Payload]:
        """Get the prices of now for every match to come of one league that has some.

        Raises:
            ConfigError: no key, or a wrong one. SourceUnavailable: no answer, or the quota is used up
            (QUOTA_EXHAUSTED) or nearly so (QUOTA_RESERVED).
        """

        yield fetch_prices(one_league(NAME, leagues), settings)


def _is_event(event: Any) -> bool:
    return bool(text_of(dig(event, "sport_key")))


def _league_of(
    payload: Payload, events: Sequence[Any], asked: League | None, leagues: Mapping[str, League]
) -> League:
    sports = list(dict.fromkeys(text_of(dig(event, "sport_key")) for event in events))
    if not sports:  # an empty list is recognised by its address: …/sports/basketball_nba/odds?…
        sports = payload.name.partition("?")[0].split("/")[-2:-1]
    if asked and (not events or sports == [asked.sources.get(NAME)]):
        return asked
    if asked or len(sports) != 1:
        raise InputRefused(
            f"{payload.name} does not hold the prices of exactly one league",
            code="WRONG_LEAGUE",
            cause=f"sport_key is {', '.join(map(repr, sports)) or 'nowhere'}"
            + (f"; --league is {asked.code!r}" if asked else ""),
            fix=f"sportsplat ingest {NAME} --league CODE",
        )
    for league in leagues.values():
        if league.sources.get(NAME) == sports[0]:
            return league
    raise InputRefused(
        f"{payload.name} is for a sport that is not declared",
        code="UNKNOWN_DIVISION",
        cause=f"sport_key is {sports[0]!r}",
        fix=f"declare it in config/leagues.yaml with sources: {{{NAME}: {sports[0]}}}",
    )


class _Reader(EventReader):
    """Reads the events of one sport into a batch."""

    def match_of(self, event: Any) -> MatchRecord:
        """Return the match that an event announces."""
        kickoff = moment_of(dig(event, "commence_time"), "commence_time")
        day = kickoff.astimezone(self.league.timezone).date()
        names = ("home_team", "away_team")
        home, away = self.teams(dig(event, "home_team"), dig(event, "away_team"), day, names)
        return MatchRecord(season_of(self.league, day), day, kickoff, Precision.MINUTE, home, away)

    def add_facts(self, read: EventMatch, key: MatchKey) -> None:
        """Add the prices of every bookmaker."""
        running = 0
        for bookmaker in items(dig(read.event, "bookmakers")):
            for market in items(dig(bookmaker, "markets")):
                if text_of(dig(market, "key")) in LAY:
                    continue
                try:
                    taken = moment_of(
                        dig(market, "last_update") or dig(bookmaker, "last_update"), "last_update"
                    )
                    if taken <= read.match.kickoff_utc:
                        self._add_quotes(read, key, dig(bookmaker, "key"), market, taken)
                    else:
                        running += 1
                except RowError as bad:
                    self.note(read.place, bad.code, bad.reason)
        if running:
            reason = f"last_update of {running} markets is after commence_time: prices of the running game"
            self.note(read.place, "in-play", reason)

    def _add_quotes(self, read: EventMatch, key: MatchKey, name: Any, market: Any, taken: datetime) -> None:
        bookmaker, kind = text_of(name), MARKETS.get(text_of(dig(market, "key")))
        if not bookmaker or kind is None:
            raise RowError(
                "bad-price", f"key of the bookmaker is {name!r:.80}, of the market {dig(market, 'key')!r:.80}"
            )
        sides = {
            text_of(dig(read.event, "home_team")): Outcome.HOME,
            text_of(dig(read.event, "away_team")): Outcome.AWAY,
        }
        if kind is Market.RESULT and Outcome.DRAW in self.league.outcomes:
            sides["Draw"] = Outcome.DRAW
        if kind is Market.TOTAL:
            sides = {"Over": Outcome.OVER, "Under": Outcome.UNDER}
        for offer in items(dig(market, "outcomes")):
            try:
                outcome, line, odds = _offer(offer, kind, sides)
            except RowError as bad:
                self.note(read.place, bad.code, f"{bookmaker}, {market['key']}: {bad.reason}")
                continue
            self.batch.quotes.append(
                QuoteRecord(key, bookmaker, kind, outcome, line, odds, False, taken, taken)
            )


def _offer(offer: Any, kind: Market, sides: Mapping[str, Outcome]) -> tuple[Outcome, float | None, float]:
    """Return outcome, line and decimal odds; the sign of the away team's point is reversed."""
    name = text_of(dig(offer, "name"))
    outcome = next((reported for side, reported in sides.items() if fold(side) == fold(name)), None)
    if outcome is None:
        raise RowError(
            "bad-price", f"outcomes[].name is {dig(offer, 'name')!r:.80}: expected {', '.join(sides)}"
        )
    odds = number_of(dig(offer, "price"))
    if odds is None or odds <= 1:
        raise RowError("bad-price", f"price is {dig(offer, 'price')!r:.80}: decimal odds are above 1")
    if kind is Market.RESULT:
        return outcome, None, odds
    point = number_of(dig(offer, "point"))
    if point is None:
        raise RowError("bad-line", f"point is {dig(offer, 'point')!r:.80}: not a number")
    return outcome, 0.0 - point if outcome is Outcome.AWAY else point, odds
