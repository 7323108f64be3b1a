"""Events of a JSON answer: read one by one, none lost, whatever stands where something else was expected."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from sportsplat.domain import Batch, DetailRecord, MatchKey, MatchRecord, MatchStatus, Rejected
from sportsplat.errors import InputRefused
from sportsplat.sources.base import Payload
from sportsplat.sources.rows import YEARS, RowError

if TYPE_CHECKING:
    from sportsplat.leagues import League

LONGEST_RAW = 2000  # letters of an event that are kept with what is refused of it
_HALF_A_LETTER = re.compile("[\ud800-\udfff]")


class Read(NamedTuple):
    """A match as one event tells it."""

    place: int  # from 0
    event: Any
    match: MatchRecord


class EventReader(ABC):
    """Reads events into a batch; a format says how one is read. An event's line is its place, from 1."""

    def __init__(self, payload: Payload, events: Sequence[Any], league: League, source: str) -> None:
        self.league = league
        self.batch = Batch.empty(league.code, source, payload.name)
        self.details: list[DetailRecord] = []
        self._events = events
        self._source = source
        self._texts = [_brief(event) for event in events]

    @abstractmethod
    def match_of(self, event: Any) -> MatchRecord:
        """Return the match that an event tells. Raises RowError when there is none in it."""

    @abstractmethod
    def add_facts(self, read: Read, key: MatchKey) -> None:
        """Add what an event tells of its match besides the result."""

    def read_all(self) -> Batch:
        """Read every event; one that raises RowError is rejected with its place."""
        found: list[Read] = []
        seen: dict[str, int] = {}
        for place, event in enumerate(self._events):
            try:
                _refuse_twin(event, seen)
                seen[text_of(dig(event, "id"))] = place + 1
                found.append(Read(place, event, self.match_of(event)))
            except RowError as bad:
                self.note(place, bad.code, bad.reason)
        lines: dict[MatchKey, int] = {}
        for read in _numbered(found):
            match = read.match
            key = MatchKey(match.match_date, match.home, match.away, match.number)
            lines[key] = read.place + 1
            self.batch.matches.append(match)
            self.add_facts(read, key)
        return self.batch._replace(
            rows_read=len(self._events), details=self.details, line_of=lines, text=self._texts
        )

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
            f"{payload.name} is empty.",
            code="EMPTY_FILE",
            cause=f"{len(payload.data):,} bytes, no text in them.",
            fix="Fetch it again, or leave it out.",
        )
    try:
        return json.loads(payload.data, parse_constant=_no_number)
    except (ValueError, RecursionError) as problem:
        raise not_such_json(payload, format_name, f"It is no JSON: {str(problem)[:160]}.") from problem


def not_such_json(payload: Payload, format_name: str, cause: str) -> InputRefused:
    """Make the error for an answer that another program gave."""
    return InputRefused(
        f"{payload.name} is not an answer of {format_name}.",
        code="NOT_THIS_FORMAT",
        cause=cause,
        fix="sportsplat sources",
    )


def dig(value: Any, *path: str | int) -> Any:
    """Return what stands at the end of a path of keys and positions, None where there is no such place."""
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


def _refuse_twin(event: Any, seen: Mapping[str, int]) -> None:
    identity = text_of(dig(event, "id"))
    if identity and identity in seen:
        raise RowError("duplicate-match", f"id {identity!r} is that of event {seen[identity]}, too")


def _numbered(found: Sequence[Read]) -> list[Read]:
    """Number the games of one pair on one day by their start; those that are not played come last."""
    same: dict[tuple[date, str, str], list[Read]] = defaultdict(list)
    for read in found:
        same[read.match.match_date, read.match.home, read.match.away].append(read)
    if Counter(map(len, same.values())).keys() <= {1}:
        return list(found)
    numbered = [
        read._replace(match=read.match._replace(number=number))
        for games in same.values()
        for number, read in enumerate(sorted(games, key=_played_first), start=1)
    ]
    return sorted(numbered, key=lambda read: read.place)


def _played_first(read: Read) -> tuple[bool, datetime, int]:
    return read.match.status is MatchStatus.CANCELLED, read.match.kickoff_utc, read.place


def _brief(event: Any) -> str:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))[:LONGEST_RAW]


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
