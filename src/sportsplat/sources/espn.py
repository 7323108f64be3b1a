"""ESPN's public scoreboards: schedule and results, no key; undocumented, so no field is relied upon.

One answer is a JSON object; what is read of it:

    leagues[0].slug                             the league: "nba", "eng.1"
    events[]            id, date                "2024-01-15T00:30Z", UTC
      season            year, type, slug        1 preseason, 2 regular, 3 playoffs, 5 play-in; soccer: an id
      competitions[0]   date, timeValid, neutralSite, type.abbreviation ("STD", "ALLSTAR")
        status.type     name ("STATUS_FINAL"), completed
        venue           fullName, address.city, address.state, indoor
        competitors[]   homeAway, score ("110"), team.displayName, linescores[].value (by period)

`season.year` is the year in which a season of basketball or ice hockey ends, and in which any other starts.
The prices in an answer (`odds`) are left alone: the answer does not say when they were taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sportsplat.domain import (
    Batch,
    DetailRecord,
    MatchKey,
    MatchRecord,
    MatchStatus,
    Phase,
    Precision,
    TeamStatsRecord,
)
from sportsplat.errors import InputRefused
from sportsplat.sources.base import Payload, Source, Window, one_league
from sportsplat.sources.reading.cells import RowError, read_count
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

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings
    from sportsplat.leagues.league import League

NAME = "espn"
FORMAT = "ESPN's scoreboard"
LIMIT = 500  # events in one answer; baseball, the busiest, has about 110 in a week
SETTLED_AFTER = timedelta(days=7)  # a week that was fetched so long after its end does not change any more
NAMED_BY_THEIR_END = ("basketball/", "hockey/")
STAGES = {2: "regular", 3: "playoff", 5: "playoff"}
LAST_NAMED_TYPE = 5  # above: the id of a soccer competition's season
CANCELLED = ("STATUS_POSTPONED", "STATUS_CANCELED", "STATUS_CANCELLED", "STATUS_ABANDONED")
AWARDED = ("FORFEIT", "WALKOVER", "AWARDED", "NO_CONTEST")  # within a status: no score of it was played
_CUP_FINAL = re.compile(r"(?i)\b(?:nba cup|in-season tournament)\b.*(?<![-\w])(?:championship|finals?)\b")
_PERIOD = re.compile(r"period_(\d+)")


class Espn(Source):
    """The source `espn`."""

    lists_all = True
    name = NAME
    title = "ESPN's public scoreboards"
    licence = "none stated: public pages of ESPN, undocumented"
    url = "https://www.espn.com"
    gives = ("upcoming and played matches", "scores by period (US leagues)", "venues")
    first_season, last_season = 2002, None  # where public collections of its answers begin

    def parse(self, payload: Payload, league: League | None, leagues: Mapping[str, League]) -> Batch:
        """Read one scoreboard.

        Raises:
            InputRefused: no scoreboard (NOT_THIS_FORMAT), empty (EMPTY_FILE), of a league that
                is not declared (UNKNOWN_DIVISION), or not of the one that was asked for (WRONG_LEAGUE).
        """
        answer = read_json(payload, FORMAT)
        events = dig(answer, "events")
        if not isinstance(events, list):
            raise not_such_json(payload, FORMAT, "it has no list `events`")
        found = _league_of(payload, answer, league, leagues)
        return _Reader(payload, events, found, NAME).read_all()

    def fetch(
        self, seasons: Sequence[int], *, leagues: Sequence[League], settings: Settings
    ) -> list[Payload]:
        """Get the weeks of each season of one league, by its rules; calendar years where they say nothing."""
        windows = [_season_window(one_league(NAME, leagues), season) for season in seasons]
        return [
            payload
            for window in windows
            for payload in self.fetch_window(window, leagues=leagues, settings=settings)
        ]

    def fetch_window(
        self, window: Window, *, leagues: Sequence[League], settings: Settings
    ) -> Iterator[Payload]:
        """Get the weeks that a window touches, Monday to Sunday, so that an address serves again and again.

        A week that was over long before it was fetched is not asked for again, nor one that was fetched just
        now (`sources.fresh_s`).
        """
        from sportsplat.sources.web.http import fresh_since, open_fetcher

        league = one_league(NAME, leagues)
        fresh = fresh_since(settings)
        with open_fetcher(settings, NAME) as fetcher:
            for week in _weeks(window):
                yield fetcher.get(
                    f"{settings.sources.espn_url}/{league.sources[NAME]}/scoreboard"
                    f"?dates={week.since:%Y%m%d}-{week.until:%Y%m%d}&limit={LIMIT}",
                    what=f"{week.since} to {week.until} of {league.name}",
                    fresh_since=min(fresh, league.end_of_day(week.until) + SETTLED_AFTER),
                )


def _season_window(league: League, season: int) -> Window:
    days = league.rules.season
    if days is None:
        return Window(date(season, 1, 1), date(season, 12, 31))
    return Window(*days.bounds(season))


def _weeks(window: Window) -> Iterator[Window]:
    monday = window.since - timedelta(days=window.since.weekday())
    while monday <= window.until:
        yield Window(monday, monday + timedelta(days=6))
        monday += timedelta(days=7)


def _league_of(payload: Payload, answer: Any, asked: League | None, leagues: Mapping[str, League]) -> League:
    """Return the league that an answer names by its slug, "nba" of "basketball/nba"."""
    slug = text_of(dig(answer, "leagues", 0, "slug"))
    if not slug:
        raise not_such_json(payload, FORMAT, "it has no `leagues[0].slug`")
    for league in (asked,) if asked else leagues.values():
        if league.sources.get(NAME, "").rpartition("/")[2] == slug:
            return league
    if asked:
        raise InputRefused(
            f"{payload.name} has no games of {asked.name}",
            code="WRONG_LEAGUE",
            cause=f"--league is {asked.code!r}; leagues[0].slug is {slug!r}",
            fix=f"sportsplat ingest {NAME} {payload.name}",
        )
    raise InputRefused(
        f"{payload.name} is for a league that is not declared",
        code="UNKNOWN_DIVISION",
        cause=f"leagues[0].slug is {slug!r}",
        fix=f"declare it in config/leagues.yaml with sources: {{{NAME}: SPORT/{slug}}}",
    )


class _Reader(EventReader):
    """Reads the events of a scoreboard into a batch."""

    def __init__(self, payload: Payload, events: Sequence[Any], league: League, source: str) -> None:
        super().__init__(payload, events, league, source)
        self._named_by_end = league.sources.get(NAME, "").startswith(NAMED_BY_THEIR_END)
        self._has_shootouts = league.sources.get(NAME, "").startswith("hockey/")
        names = map(_PERIOD.fullmatch, (*league.stats, *league.stored_stats))
        self._periods = max((int(found[1]) for found in names if found), default=0)

    def match_of(self, event: Any) -> MatchRecord:
        """Return the match of an event. Raises RowError where there is none that counts."""
        game = dig(event, "competitions", 0)
        stage = _stage(event, game)
        kickoff = moment_of(dig(game, "date") or dig(event, "date"), "date")
        day = kickoff.astimezone(self.league.timezone).date()
        exact = dig(game, "timeValid") is not False
        home, away = _side(game, "home"), _side(game, "away")
        teams = self.teams(
            dig(home, "team", "displayName"),
            dig(away, "team", "displayName"),
            day,
            ("displayName (home)", "displayName (away)"),
        )
        status = _status(dig(game, "status", "type") or dig(event, "status", "type"))
        scores = _scores(home, away) if status is MatchStatus.FINAL else (None, None)
        known_at = None
        if status is MatchStatus.FINAL:
            known_at = kickoff + self.league.duration if exact else self.league.end_of_day(day)
        return MatchRecord(
            season=self._season(event, kickoff),
            match_date=day,
            kickoff_utc=kickoff if exact else self.league.local_midnight(day),
            precision=Precision.MINUTE if exact else Precision.DAY,
            home=teams[0],
            away=teams[1],
            neutral=dig(game, "neutralSite") is True,
            stage=stage,
            status=status,
            home_score=scores[0],
            away_score=scores[1],
            known_at=known_at,
        )

    def add_facts(self, read: EventMatch, key: MatchKey) -> None:
        """Add the venue, and the scores by period of a game that was played."""
        game = dig(read.event, "competitions", 0)
        kind = dig(game, "status", "type") or dig(read.event, "status", "type")
        if _is_awarded(kind):
            scores = [text_of(dig(_side(game, name), "score")) for name in ("home", "away")]
            detail = f"status.type.name is {text_of(dig(kind, 'name'))!r} at {':'.join(scores)}"
            self.note(read.place, "awarded", f"{detail}: the result was awarded and the match not played")
        details = _venue(dig(game, "venue"))
        if details:
            self.details.append(DetailRecord(key, Phase.SCHEDULE, details, read.match.kickoff_utc))
        if read.match.known_at is None or not self._periods:
            return
        for name in ("home", "away"):
            stats = self._by_period(read, name, items(dig(_side(game, name), "linescores")))
            if stats:
                self.batch.stats.append(TeamStatsRecord(key, name == "home", stats, read.match.known_at))

    def _season(self, event: Any, kickoff: datetime) -> int:
        year = dig(event, "season", "year")
        if not isinstance(year, int) or isinstance(year, bool):
            raise RowError("bad-season", f"season.year is {year!r:.80}: expected a year")
        season = year - 1 if self._named_by_end else year
        if season not in (kickoff.year - 1, kickoff.year):
            raise RowError("bad-season", f"season.year is {year} on {kickoff:%Y-%m-%d}")
        return season

    def _by_period(self, read: EventMatch, name: str, lines: list[Any]) -> dict[str, float]:
        """Return the score by period; whatever comes after those that the league declares is overtime.

        In ice hockey a regular-season game has one overtime: a further line is the shoot-out, no score.
        """
        values = [number_of(dig(line, "value")) for line in lines]
        if any(value is None or value < 0 for value in values):
            self.note(read.place, "bad-stat", f"linescores of the {name} team hold {lines!r:.200}")
            return {}
        reported = [value for value in values if value is not None]
        stats = {f"period_{number}": value for number, value in enumerate(reported[: self._periods], start=1)}
        overtime = reported[self._periods :]
        if self._has_shootouts and read.match.stage == "regular":
            overtime = overtime[:1]
        if overtime:
            stats["period_overtime"] = sum(overtime)
        return stats


def _stage(event: Any, game: Any) -> str:
    kind = dig(event, "season", "type")
    if dig(game, "type", "abbreviation") == "ALLSTAR":
        raise RowError("all-star", "type.abbreviation is 'ALLSTAR': this game does not count")
    for note in items(dig(game, "notes")):
        headline = text_of(dig(note, "headline"))
        if _CUP_FINAL.search(headline):
            reason = (
                f"notes[].headline is {headline!r:.80}: the NBA Cup final does not count in the standings"
            )
            raise RowError("not-a-league-game", reason)
    if kind == 1 and kind is not True:
        raise RowError("preseason", "season.type is 1: preseason games do not count")
    if isinstance(kind, int) and kind > LAST_NAMED_TYPE:
        return "playoff" if "play" in text_of(dig(event, "season", "slug")).lower() else "regular"
    if not isinstance(kind, int) or kind not in STAGES:
        raise RowError("unknown-stage", f"season.type is {kind!r:.80}: expected 2, 3 or 5")
    return STAGES[kind]


def _status(kind: Any) -> MatchStatus:
    """Tell what is known of the play. A postponed game may be `completed`, too: its name comes first."""
    if text_of(dig(kind, "name")) in CANCELLED or _is_awarded(kind):
        return MatchStatus.CANCELLED
    return MatchStatus.FINAL if dig(kind, "completed") is True else MatchStatus.SCHEDULED


def _is_awarded(kind: Any) -> bool:
    return any(word in text_of(dig(kind, "name")) for word in AWARDED)


def _side(game: Any, name: str) -> Any:
    sides = [side for side in items(dig(game, "competitors")) if dig(side, "homeAway") == name]
    if len(sides) != 1:
        raise RowError("missing-team", f"{len(sides)} of the competitors are {name!r:.80}")
    return sides[0]


def _scores(home: Any, away: Any) -> tuple[int, int]:
    return (
        read_count(text_of(dig(home, "score")), "score of the home team"),
        read_count(text_of(dig(away, "score")), "score of the away team"),
    )


def _venue(venue: Any) -> dict[str, str | float | bool]:
    reported: dict[str, str | float | bool] = {
        "venue": text_of(dig(venue, "fullName")),
        "city": text_of(dig(venue, "address", "city")),
        "state": text_of(dig(venue, "address", "state")),
    }
    indoor = dig(venue, "indoor")
    found = {name: value for name, value in reported.items() if value}
    return found | {"indoor": indoor} if isinstance(indoor, bool) else found
