"""The Odds API: what a price means and when it is known; the key that is kept nowhere; the quota."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportsplat.config.load import load_settings
from sportsplat.config.settings import Settings
from sportsplat.domain import Batch, Market, MatchStatus, Outcome
from sportsplat.errors import ConfigError, InputRefused, SourceUnavailable, SportsplatError, UsageError
from sportsplat.leagues.league import load_leagues
from sportsplat.redact import Redactor
from sportsplat.sources import get_source
from sportsplat.sources.base import Payload, Window
from sportsplat.sources.odds_api import OddsApi
from tests.json_values import replace_one
from tests.scoreboards import market, offer, price
from tests.site import Answer, Site, gives, serving

LEAGUES = load_leagues()
HAWKS, BULLS = "Atlanta Hawks", "Chicago Bulls"
TODAY = Window(date(2024, 1, 14), date(2024, 1, 21))
H2H = market("h2h", price(HAWKS, 1.8), price(BULLS, 2.1))


def read(*events: Any, league: str | None = None) -> Batch:
    payload = Payload.of(
        "http://h/v4/sports/basketball_nba/odds?regions=eu", json.dumps(list(events)).encode()
    )
    return OddsApi().parse(payload, LEAGUES[league] if league else None, LEAGUES)


def lines(batch: Batch) -> list[tuple[Market, Outcome, float | None, float]]:
    return [(quote.market, quote.outcome, quote.line, quote.decimal_odds) for quote in batch.quotes]


def test_a_match_to_come_is_dated_at_the_league_s_place_and_belongs_to_a_season() -> None:
    (match,) = read(offer(HAWKS, BULLS, H2H)).matches
    assert (match.home, match.away, match.season) == ("Hawks", "Bulls", 2023)
    assert (match.match_date, match.status) == (date(2024, 1, 14), MatchStatus.SCHEDULED)
    assert match.kickoff_utc == datetime(2024, 1, 15, 0, 30, tzinfo=UTC)


def test_prices_to_lay_at_are_passed_over() -> None:
    """An exchange's price against an outcome is none at which one can bet on it, and no fault of the file."""
    lay = market("h2h_lay", price(HAWKS, 1.85), price(BULLS, 2.2))
    batch = read(offer(HAWKS, BULLS, lay, H2H, market("outrights_lay")))
    assert [quote.decimal_odds for quote in batch.quotes] == [1.8, 2.1]
    assert (len(batch.matches), batch.rejected) == (1, [])


def test_a_price_is_known_when_it_was_taken_and_never_the_closing_one() -> None:
    quotes = read(offer(HAWKS, BULLS, H2H)).quotes
    taken = datetime(2024, 1, 14, 18, 0, 5, tzinfo=UTC)
    assert {(quote.quoted_at, quote.known_at, quote.is_closing, quote.bookmaker) for quote in quotes} == {
        (taken, taken, False, "pinnacle")
    }


def test_every_line_is_what_is_added_to_the_home_score() -> None:
    spread = market("spreads", price(BULLS, 1.95, 3.5), price(HAWKS, 1.9, -3.5))
    total = market("totals", price("Over", 1.9, 220.5), price("Under", 1.92, 220.5))
    assert lines(read(offer(HAWKS, BULLS, H2H, spread, total))) == [
        (Market.RESULT, Outcome.HOME, None, 1.8),
        (Market.RESULT, Outcome.AWAY, None, 2.1),
        (Market.SPREAD, Outcome.AWAY, -3.5, 1.95),
        (Market.SPREAD, Outcome.HOME, -3.5, 1.9),
        (Market.TOTAL, Outcome.OVER, 220.5, 1.9),
        (Market.TOTAL, Outcome.UNDER, 220.5, 1.92),
    ]


def test_a_draw_is_priced_where_there_can_be_one() -> None:
    three = market("h2h", price("Arsenal", 2.0), price("Everton", 4.0), price("Draw", 3.4))
    batch = read(offer("Arsenal", "Everton", three, sport="soccer_epl"))
    assert batch.quotes[2].outcome is Outcome.DRAW
    batch = read(offer(HAWKS, BULLS, market("h2h", price("Draw", 15))))
    assert (batch.quotes, batch.rejected[0].code) == ([], "bad-price")


def test_a_price_of_the_running_game_is_left_out_and_said_once() -> None:
    late = market("h2h", price(HAWKS, 1.01), price(BULLS, 30), taken="2024-01-15T00:31:00Z")
    batch = read(offer(HAWKS, BULLS, H2H, late, late))
    assert len(batch.quotes) == 2
    assert [(row.line, row.code) for row in batch.rejected] == [(1, "in-play")]


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (market("h2h", price(HAWKS, 1.0)), "bad-price"),
        (market("h2h", price(HAWKS, "x")), "bad-price"),
        (market("h2h", price("Nobody", 2.0)), "bad-price"),
        (market("h2h_q1", price(HAWKS, 2.0)), "bad-price"),
        (market("spreads", price(HAWKS, 1.9)), "bad-line"),
        (market("h2h", price(HAWKS, 2.0), taken="yesterday"), "bad-date"),
    ],
)
def test_a_wrong_price_costs_itself_and_not_the_match(told: dict[str, Any], code: str) -> None:
    batch = read(offer(HAWKS, BULLS, told, H2H))
    assert (len(batch.matches), len(batch.quotes)) == (1, 2)
    assert [row.code for row in batch.rejected] == [code]


@settings(max_examples=300)
@given(data=st.data())
def test_whatever_stands_where_something_else_was_expected_nothing_is_lost(data: st.DataObject) -> None:
    spread = market("spreads", price(BULLS, 1.95, 3.5), price(HAWKS, 1.9, -3.5))
    told = offer(HAWKS, BULLS, H2H, spread)
    told = json.loads(json.dumps(told))
    replace_one(data, told)
    if told.get("sport_key") == "basketball_nba":  # without it, it is no answer of the NBA
        batch = read(told)
        assert len(batch.matches) == 1 or batch.rejected


def test_an_empty_list_is_told_by_its_address() -> None:
    assert (read().league, read(league="nba").rows_read) == ("nba", 0)


@pytest.mark.parametrize(
    ("data", "league", "code"),
    [
        (b"", None, "EMPTY_FILE"),
        (b'{"message": "no"}', None, "NOT_THIS_FORMAT"),
        (b"[1]", None, "NOT_THIS_FORMAT"),
        (b'[{"sport_key": "cricket_ipl"}]', None, "UNKNOWN_DIVISION"),
        (b'[{"sport_key": "icehockey_nhl"}]', "nba", "WRONG_LEAGUE"),
        (b'[{"sport_key": "icehockey_nhl"}, {"sport_key": "basketball_nba"}]', None, "WRONG_LEAGUE"),
    ],
)
def test_what_is_no_list_of_one_league_is_refused(data: bytes, league: str | None, code: str) -> None:
    with pytest.raises(InputRefused) as refused:
        OddsApi().parse(Payload.of("x.json", data), LEAGUES[league] if league else None, LEAGUES)
    assert refused.value.error_code == code


@pytest.fixture
def key() -> str:
    """A canary with all that is awkward in an address."""
    return f"kanari{secrets.token_hex(6)}'& =%/?#é{secrets.token_hex(6)}iranak"


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as server:
        yield server


def made(site: Site, folder: Path, key: str | None, **changes: Any) -> Settings:
    overrides: dict[str, Any] = {
        "sources.odds_api_url": f"{site.url}/v4",
        "sources.odds_api_key": key,
        "sources.requests_per_minute": 6000,
        "sources.attempts": 2,
        "sources.timeout_s": 2,
    }
    overrides |= {f"sources.{name}": value for name, value in changes.items()}
    return load_settings(project_dir=folder, overrides=overrides, environ={})


def counts(left: float, used: int = 10) -> dict[str, str]:
    return {"x_requests_remaining": str(left), "x_requests_used": str(used)}


def sports(left: float) -> Answer:
    return gives(200, b"[]", **counts(left))


def fetch(settings: Settings, league: str = "nba") -> list[Payload]:
    provider = get_source("odds-api")
    assert provider.live
    return list(provider.fetch_window(TODAY, leagues=[LEAGUES[league]], settings=settings))


def texts(folder: Path) -> str:
    found = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return b"\n".join(found).decode(errors="replace") + "\n".join(map(str, folder.rglob("*")))


def sings(key: str, text: str) -> bool:
    """Whether either plain end of the canary stands in a text."""
    return key[:18] in text or key[-18:] in text


def test_the_key_is_sent_and_kept_nowhere(
    site: Site, tmp_path: Path, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = json.dumps([offer(HAWKS, BULLS, H2H)]).encode()
    site.answers = [sports(400), gives(200, body, **counts(397))]
    with caplog.at_level(logging.DEBUG, "sportsplat"):
        (payload,) = fetch(made(site, tmp_path, key))
    assert [parse_qs(urlsplit(path).query)["apiKey"] for path, _ in site.asked] == [[key], [key]]
    assert payload.name == (
        f"{site.url}/v4/sports/basketball_nba/odds"
        "?regions=eu&markets=h2h,spreads,totals&oddsFormat=decimal&dateFormat=iso"
    )
    assert payload.data == body
    assert (tmp_path / ".sportsplat" / "cache").is_dir()
    assert not sings(key, texts(tmp_path) + caplog.text + repr(payload))


def test_what_httpx_logs_of_an_address_is_masked(site: Site, tmp_path: Path, key: str) -> None:
    settings = made(site, tmp_path, key)
    secret = settings.sources.odds_api_key
    assert secret is not None
    redactor = Redactor()
    redactor.remember(secret.get_secret_value())
    assert not sings(
        key, redactor.text(f'HTTP Request: GET http://h/odds?regions=eu&apiKey={quote(key, safe="")} "200"')
    )
    assert not sings(key, json.dumps(settings.to_public_dict()) + repr(settings))


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (gives(401, b'{"error_code": "INVALID_KEY"}'), ConfigError, "KEY_REFUSED"),
        (gives(401, b"nothing"), ConfigError, "KEY_REFUSED"),
        (gives(401, b'{"error_code": "OUT_OF_USAGE_CREDITS"}'), SourceUnavailable, "QUOTA_EXHAUSTED"),
        (gives(429, b'{"error_code": "EXCEEDED_FREQ_LIMIT"}'), SourceUnavailable, "SOURCE_UNAVAILABLE"),
        (gives(500), SourceUnavailable, "SOURCE_UNAVAILABLE"),
        (gives(302, b"", Location="http://127.0.0.1:9/elsewhere"), SourceUnavailable, "SOURCE_UNAVAILABLE"),
        (gives(404), SourceUnavailable, "REMOTE_FILE_MISSING"),
    ],
)
def test_a_refusal_is_told_without_the_key(
    site: Site, tmp_path: Path, key: str, answer: Answer, error: type[SportsplatError], code: str
) -> None:
    site.answers = [answer]
    with pytest.raises(error) as refused:
        fetch(made(site, tmp_path, key))
    found: SportsplatError = refused.value
    assert found.error_code == code
    assert found.exit_code == (3 if error is ConfigError else 9)
    assert not sings(key, f"{found.to_dict()} {found.details}")


def test_a_request_that_is_too_much_at_once_is_made_again(site: Site, tmp_path: Path, key: str) -> None:
    site.answers = [gives(429, Retry_After="0"), sports(400), gives(200, b"[]", **counts(400))]
    assert [payload.data for payload in fetch(made(site, tmp_path, key))] == [b"[]"]


def test_nothing_is_spent_of_the_reserve(site: Site, tmp_path: Path, key: str) -> None:
    """23 left, 3 for the NBA; the NHL would go below the reserve of 20."""
    site.answers = [sports(23), gives(200, b"[]", **counts(20)), gives(200, b"[]", **counts(20, 480))]
    settings = made(site, tmp_path, key)
    fetch(settings, "nba")
    with pytest.raises(SourceUnavailable) as refused:
        fetch(settings, "nhl")
    assert refused.value.error_code == "QUOTA_RESERVED"
    assert "20 left, 480 used" in str(refused.value.cause)
    assert "renew every month" in str(refused.value.fix)
    assert [urlsplit(path).path for path, _ in site.asked] == [
        "/v4/sports",
        "/v4/sports/basketball_nba/odds",
        "/v4/sports",
    ]
    fetch(made(site, tmp_path, key, odds_api_reserve=0), "nhl")


def test_a_region_more_costs_a_credit_for_each_market_more(site: Site, tmp_path: Path, key: str) -> None:
    site.answers = [sports(25)]
    with pytest.raises(SourceUnavailable, match="has few credits left"):
        fetch(made(site, tmp_path, key, odds_api_regions="us,eu"))


def test_prices_of_just_now_cost_nothing_a_second_time(site: Site, tmp_path: Path, key: str) -> None:
    site.answers = [sports(400), gives(200, b"[]", **counts(397))]
    settings = made(site, tmp_path, key)
    assert fetch(settings) == fetch(settings)
    assert len(site.asked) == 2


def test_an_old_price_never_stands_in_for_one_of_now(site: Site, tmp_path: Path, key: str) -> None:
    site.answers = [sports(400), gives(200, b"[]", **counts(397)), gives(500)]
    settings = made(site, tmp_path, key, fresh_s=0.0)
    fetch(settings)
    with pytest.raises(SourceUnavailable):
        fetch(settings)


def test_no_credits_are_spent_on_leagues_that_nobody_named(site: Site, tmp_path: Path, key: str) -> None:
    chosen = [LEAGUES["nba"], LEAGUES["nhl"]]
    with pytest.raises(UsageError, match="choose a league of odds-api"):
        OddsApi().fetch([], leagues=chosen, settings=made(site, tmp_path, key))
    assert site.asked == []


def test_without_a_key_it_is_said_how_to_get_one(site: Site, tmp_path: Path) -> None:
    settings = made(site, tmp_path, None)
    with pytest.raises(ConfigError, match="needs a key") as missing:
        fetch(settings)
    assert (missing.value.error_code, missing.value.exit_code) == ("KEY_MISSING", 3)
    assert OddsApi().lacks(settings) == "no key: set ODDS_API_KEY in .env"
    assert site.asked == []


def test_the_key_comes_from_its_well_known_variable(tmp_path: Path, key: str) -> None:
    settings = load_settings(project_dir=tmp_path, environ={"ODDS_API_KEY": key})
    assert settings.sources.odds_api_key is not None
    assert settings.sources.odds_api_key.get_secret_value() == key
