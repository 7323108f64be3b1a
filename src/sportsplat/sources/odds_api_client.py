"""Asking The Odds API: with a key that is kept nowhere, within a quota that is looked at before it is spent.

A request costs one credit for each market and region. The list of sports is free and tells by its headers
what is left (`x-requests-remaining`, `x-requests-used`), so it comes first.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx

from sportsplat.errors import ConfigError, SourceUnavailable
from sportsplat.sources.events import dig, text_of
from sportsplat.sources.http import Access, fresh_since, open_fetcher
from sportsplat.sources.odds_api import MARKETS, NAME

if TYPE_CHECKING:
    from sportsplat.leagues import League
    from sportsplat.settings import Settings
    from sportsplat.sources.base import Payload

EXHAUSTED = "OUT_OF_USAGE_CREDITS"
RENEWED = "Credits are renewed every month; your account at https://the-odds-api.com shows the day."


def fetch_prices(league: League, settings: Settings) -> Payload:
    """Return the prices of a league that The Odds API has; see `OddsApi.fetch_window`."""
    wanted = settings.sources
    if wanted.odds_api_key is None:
        raise ConfigError(
            "The Odds API wants a key.",
            code="KEY_MISSING",
            cause="sources.odds_api_key is not set.",
            fix="Write ODDS_API_KEY=… into .env; a free key: https://the-odds-api.com",
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
    """What is left of the month's credits, as the latest answer says; None until one has said it."""

    def __init__(self) -> None:
        self.remaining: float | None = None
        self._used = "?"

    def examine(self, answer: httpx.Response) -> None:
        """Note what an answer says of the quota. Raises ConfigError for a key that is no good."""
        told = answer.headers.get("x-requests-remaining", "")
        if told.replace(".", "", 1).isdecimal():
            self.remaining = float(told)
            self._used = answer.headers.get("x-requests-used", "?")
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise _refusal(answer)

    def spend(self, cost: int, reserve: int, name: str) -> None:
        """Raise SourceUnavailable (QUOTA_RESERVED) where a request would leave less than the reserve."""
        if self.remaining is None or self.remaining - cost >= reserve:
            return
        raise SourceUnavailable(
            f"The credits of The Odds API are nearly used up; the prices of {name} were not asked for.",
            code="QUOTA_RESERVED",
            cause=f"{self.remaining:g} are left and {self._used} used; this costs {cost}, and"
            f" sources.odds_api_reserve keeps {reserve} back.",
            fix=f"{RENEWED} Or lower sources.odds_api_reserve.",
        )


def _refusal(answer: httpx.Response) -> ConfigError | SourceUnavailable:
    """Tell a wrong key from one that has no credits left; both are 401, and `error_code` says which."""
    code = "no error_code"
    with suppress(ValueError, RecursionError, httpx.HTTPError):
        code = text_of(dig(json.loads(answer.read()), "error_code")) or code
    if code == EXHAUSTED:
        return SourceUnavailable(
            "The credits of The Odds API are used up.",
            code="QUOTA_EXHAUSTED",
            cause=f"It answered {answer.status_code} ({code}).",
            fix=RENEWED,
        )
    return ConfigError(
        "The Odds API does not take the key.",
        code="KEY_REFUSED",
        cause=f"It answered {answer.status_code} ({code[:60]}); the key is sources.odds_api_key.",
        fix="Correct it where `sportsplat config explain sources.odds_api_key` says that it comes from.",
    )
