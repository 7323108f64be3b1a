"""Events of a JSON answer, read one by one; unexpected values never lose an event."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from sportsplat.domain import Batch, DetailRecord, MatchKey, MatchRecord, MatchStatus, Rejected
from sportsplat.errors import InputRefused
from sportsplat.sources.base import Payload
from sportsplat.sources.reading.cells import YEARS, RowError
from sportsplat.sources.reading.repeats import RepeatedRows, RepeatKind, describe_repeat

if TYPE_CHECKING:
    from sportsplat.leagues.league import League

LONGEST_RAW = 2000  # letters of an event that are kept with what is refused of it
_HALF_A_LETTER = re.compile("[\ud800-\udfff]")


class EventMatch(NamedTuple):
    """A match as read from one event."""

    place: int  # from 0
    event: Any
    match: MatchRecord


class EventReader(ABC):
    """Reads events into a batch; a subclass reads one event. An event's line is its place, from 1."""

    def __init__(self, payload: Payload, events: Sequence[Any], league: League, source: str) -> None:
        self.league = league
        self.batch = Batch.empty(league.code, source, payload.name)
        self.details: list[DetailRecord] = []
        self._events = events
        self._source = source
        self._texts = [_brief(event) for event in events]

    @abstractmethod
    def match_of(self, event: Any) -> MatchRecord:
        """Return the match of an event. Raises RowError when there is none in it."""

    @abstractmethod
    def add_facts(self, read: EventMatch, key: MatchKey) -> None:
        """Add the further records of an event's match."""

    def read_all(self) -> Batch:
        """Read every event; one that raises RowError is rejected with its place."""
        found: list[EventMatch] = []
        repeated = _RepeatedEvents(self._events)
        for place, event in enumerate(self._events):
            try:
                repeated.refuse(place, event)
                found.append(EventMatch(place, event, self.match_of(event)))
            except RowError as bad:
                self.note(place, bad.code, bad.reason)
        repeats = RepeatedRows(self.league)
        for read in self._numbered(found):
            reported = repeats.place(read.place + 1, read.match)
            if reported.kind is RepeatKind.REPEATED:
                self.note(read.place, "duplicate-match", describe_repeat(read.match, reported.first_line))
            else:
                self.batch.matches.append(reported.match)
            self.add_facts(read._replace(match=reported.match), reported.match.key)
        return self.batch._replace(
            rows_read=len(self._events),
            details=self.details,
            line_of=repeats.line_of,
            text=self._texts,
            further_lines=repeats.further,
        )

    def _numbered(self, found: Sequence[EventMatch]) -> list[EventMatch]:
        """Number the games of one pair on one day by their start; those that are not played come last.

        Where a pair plays once a day, several games that are not cancelled repeat or contradict each other.
        """
        same: dict[tuple[date, str, str], list[EventMatch]] = defaultdict(list)
        for read in found:
            same[read.match.match_date, read.match.home, read.match.away].append(read)
        if Counter(map(len, same.values())).keys() <= {1}:
            return list(found)
        numbered = []
        for games in same.values():
            number = 0
            for read in sorted(games, key=_played_first):
                again = number > 0 and read.match.status is not MatchStatus.CANCELLED
                if not again or self.league.rules.double_headers:
                    number += 1
                numbered.append(read._replace(match=read.match._replace(number=number)))
        return sorted(numbered, key=lambda read: read.place)

    def note(self, place: int, code: str, reason: str) -> None:
        """Record an event, or a value that is left out while its match is kept."""
        raw = self._texts[place]
        self.batch.rejected.append(Rejected(self.batch.file, place + 1, reason, code, raw))

    def teams(self, home: Any, away: Any, day: date, names: tuple[str, str]) -> tuple[str, str]:
        """Return both teams by the names kept here; `names` say in the RowError where no team is named."""
        for value, name in zip((home, away), names, strict=True):
            if not text_of(value):
                raise RowError("missing-team", f"{name} is {value!r:.80}")
        found = [self.league.canonical_team(text_of(name), self._source, day) for name in (home, away)]
        if found[0] == found[1]:
            raise RowError("same-team", f"{' and '.join(names)} are both {found[0]!r}")
        return found[0], found[1]


def read_json(payload: Payload, format_name: str) -> Any:
    """Return the JSON value of a payload.

    Raises:
        InputRefused: it is empty (EMPTY_FILE) or no JSON (NOT_THIS_FORMAT).
    """
    if not payload.data.strip():
        raise InputRefused(
            f"{payload.name} is empty",
            code="EMPTY_FILE",
            cause=f"{len(payload.data):,} bytes, no text in them",
            fix="fetch it again, or omit it",
        )
    try:
        return json.loads(payload.data, parse_constant=_no_number)
    except (ValueError, RecursionError) as problem:
        raise not_such_json(payload, format_name, f"it is not JSON: {str(problem)[:160]}") from problem


def not_such_json(payload: Payload, format_name: str, cause: str) -> InputRefused:
    """Return the error for an answer that another program gave."""
    return InputRefused(
        f"{payload.name} is not an answer of {format_name}",
        code="NOT_THIS_FORMAT",
        cause=cause,
        fix="sportsplat sources",
    )


def dig(value: Any, *path: str | int) -> Any:
    """Return the value at a path of keys and positions, None where it does not exist."""
    for step in path:
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def items(value: Any) -> list[Any]:
    """Return a list as it is, anything else as an empty one."""
    return value if isinstance(value, list) else []


def text_of(value: Any) -> str:
    """Return a text without outer blanks, a whole number as text, "" for anything else.

    Half of a surrogate pair, which JSON can spell, is no text: nothing can store it.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or _HALF_A_LETTER.search(value):
        return ""
    return value.strip()


def number_of(value: Any) -> float | None:
    """Return a finite number, given as one or as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if found - found == 0 else None


def moment_of(value: Any, name: str) -> datetime:
    """Read an ISO moment with its zone, "2024-01-15T00:30Z", as UTC. Raises RowError for anything else."""
    try:
        moment = datetime.fromisoformat(text_of(value))
        if moment.tzinfo is not None and moment.year in YEARS:
            return moment.astimezone(UTC)
    except ValueError:
        pass
    raise RowError("bad-date", f"{name} is {value!r:.80}: expected a moment like 2024-01-15T00:30Z")


class _RepeatedEvents:
    """Events with the id of another one: repeated or contradicting."""

    def __init__(self, events: Sequence[Any]) -> None:
        self._events = events
        self._places: dict[str, list[int]] = defaultdict(list)
        for place, event in enumerate(events):
            self._places[text_of(dig(event, "id"))].append(place)

    def refuse(self, place: int, event: Any) -> None:
        """Raise RowError for a repetition, and for all events that contradict each other."""
        identity = text_of(dig(event, "id"))
        places = self._places[identity]
        if not identity or len(places) == 1:
            return
        others = [other for other in places if other != place]
        named = ", ".join(str(other + 1) for other in others)
        if any(self._events[other] != event for other in others):
            detail = f"id {identity!r} is that of event {named}, too, which has different data"
            raise RowError("contradicting-duplicate", detail)
        if place != places[0]:
            raise RowError("duplicate-match", f"id {identity!r} is that of event {places[0] + 1}, too")


def _played_first(read: EventMatch) -> tuple[bool, datetime, int]:
    return read.match.status is MatchStatus.CANCELLED, read.match.kickoff_utc, read.place


def _brief(event: Any) -> str:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))[:LONGEST_RAW]


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
