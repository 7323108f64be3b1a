"""What of a batch goes to the database: duplicates within one file are settled before anything is written.

Rows that repeat each other become one. Rows that contradict each other all go to quarantine, since nothing in
the file says which of them is right; whatever an earlier file said of that match stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple, Protocol, TypeVar, cast

from sportsplat.domain import (
    Batch,
    DetailRecord,
    ForecastRecord,
    MatchKey,
    MatchRecord,
    MatchStatus,
    QuoteRecord,
    Rejected,
    TeamStatsRecord,
)

NO_LINE = 0


class _OfMatch(Protocol):
    @property
    def match(self) -> MatchKey: ...


Rows = dict[tuple[Any, ...], int]  # position of a match by date, home, away, number
Record = TypeVar("Record", bound=_OfMatch)


class Sifted(NamedTuple):
    """Records without duplicates. `quote_rows[i]` is the position in `matches` of what `quotes[i]` prices."""

    matches: list[MatchRecord]
    quotes: list[QuoteRecord]
    quote_rows: list[int]
    stats: list[TeamStatsRecord]
    stats_rows: list[int]
    forecasts: list[ForecastRecord]
    forecast_rows: list[int]
    details: list[DetailRecord]
    detail_rows: list[int]
    rejected: list[Rejected]


def narrow(batch: Batch, seasons: Sequence[int], since: date | None) -> Batch:
    """Keep the matches of the named seasons (any if none is named) that are played on `since` or later."""
    if not seasons and since is None:
        return batch
    wanted = frozenset(seasons)
    kept = [
        match
        for match in batch.matches
        if (not wanted or match.season in wanted) and (since is None or match.match_date >= since)
    ]
    return batch._replace(matches=kept)


def sift(batch: Batch, teams: Mapping[str, int], mentioned: Iterable[MatchKey] = ()) -> Sifted:
    """Settle duplicates and tie every dependent record to its match.

    `teams` gives the id of each name: two names of one team are one team here. `mentioned` are the keys of
    matches that the file holds and that were left out on purpose, whose quotes are left out as quietly.
    """
    rejected = list(batch.rejected)
    rows = _rows_without_twins(batch, teams)
    matches = batch.matches
    if rows is None:
        matches, rows = _settle_matches(batch, teams, rejected)
    settle = _Settler(batch, rows, mentioned, rejected)
    quotes = settle(batch.quotes, _quote_key)
    stats = settle(batch.stats, _stats_key)
    forecasts = settle(batch.forecasts, _forecast_key)
    details = settle(batch.details, _detail_key)
    return Sifted(matches, *quotes, *stats, *forecasts, *details, rejected)


def _rows_without_twins(batch: Batch, teams: Mapping[str, int]) -> Rows | None:
    """Return the position of each match by its key; None where matches have to be looked at one by one."""
    rows: Rows = dict(zip(map(_match_key, batch.matches), range(len(batch.matches)), strict=True))
    plain = len(rows) == len(batch.matches) and len(set(teams.values())) == len(teams)
    return rows if plain and all(match.home != match.away for match in batch.matches) else None


def _settle_matches(
    batch: Batch, teams: Mapping[str, int], rejected: list[Rejected]
) -> tuple[list[MatchRecord], Rows]:
    """Return one record per match, and the position of every key that leads to one."""
    same: dict[Hashable, list[MatchRecord]] = defaultdict(list)
    for match in batch.matches:
        home, away = teams[match.home], teams[match.away]
        if home == away:
            reason = f"{match.home} and {match.away} are one team, which cannot play itself."
            rejected.append(_refuse(batch.file, "same-team", reason, [match]))
        else:
            same[match.match_date, home, away, match.number].append(match)
    settled: list[MatchRecord] = []
    rows: Rows = {}
    for twins in same.values():
        chosen = twins[0] if len(twins) == 1 else _agreed(twins)
        if chosen is None:
            differing = "; ".join(_differing(twins))
            reason = (
                f"{len(twins)} rows say different things of {_name(twins[0])}: {differing}; none was taken."
            )
            told = _refuse(batch.file, "contradicting-duplicate", reason, twins)
            rejected.append(told._replace(line=batch.line_of.get(twins[0].key, NO_LINE)))
            continue
        for twin in twins:
            rows[twin.key] = len(settled)
        settled.append(chosen)
    return settled, rows


def _agreed(twins: list[MatchRecord]) -> MatchRecord | None:
    """Return what rows of one match say together, a played one being the newer; None if they differ."""
    final = [twin for twin in twins if twin.status is MatchStatus.FINAL] or twins
    told = {twin._replace(home="", away="") for twin in final}
    return final[0] if len(told) == 1 else None


def _differing(twins: Sequence[MatchRecord]) -> Iterator[str]:
    """Yield what rows of one match say differently: `home_score is 1 and 2`."""
    for name, values in zip(MatchRecord._fields, zip(*twins, strict=True), strict=True):
        told = list(dict.fromkeys(str(value) for value in values))
        if len(told) > 1:
            yield f"{name} is {' and '.join(told)}"


class _Settler:
    """Ties records to matches and drops repetitions."""

    def __init__(
        self,
        batch: Batch,
        rows: Rows,
        mentioned: Iterable[MatchKey],
        rejected: list[Rejected],
    ) -> None:
        self._batch = batch
        self._file = batch.file
        self._rows = rows
        self._mentioned = mentioned
        self._rejected = rejected

    @cached_property
    def _quiet(self) -> set[MatchKey]:
        """Matches that the file holds and that are not stored, for a reason that was given already."""
        return {match.key for match in self._batch.matches} | set(self._mentioned)

    def __call__(
        self, records: Sequence[Record], key: Callable[[Record], Hashable]
    ) -> tuple[list[Record], list[int]]:
        kept, positions = self._of_matches(records)
        keys = list(zip(positions, map(key, kept), strict=True))
        if len(set(keys)) == len(keys):
            return kept, positions
        return self._without_twins(kept, positions, keys)

    def _of_matches(self, records: Sequence[Record]) -> tuple[list[Record], list[int]]:
        positions = [self._rows.get(record[0]) for record in records]  # type: ignore[index]
        if None not in positions:
            return list(records), cast(list[int], positions)
        orphans = {
            record.match: record
            for record, position in zip(records, positions, strict=True)
            if position is None and record.match not in self._quiet
        }
        for match, record in orphans.items():
            reason = f"The file holds no match {match.home} - {match.away} on {match.match_date}."
            self._rejected.append(_refuse(self._file, "unknown-match", reason, [record]))
        kept = [(r, p) for r, p in zip(records, positions, strict=True) if p is not None]
        return [record for record, _ in kept], [position for _, position in kept]

    def _without_twins(
        self, records: list[Record], positions: list[int], keys: Sequence[Hashable]
    ) -> tuple[list[Record], list[int]]:
        same: dict[Hashable, list[int]] = defaultdict(list)
        for i, key in enumerate(keys):
            same[key].append(i)
        kept = []
        for twins in same.values():
            told = {str(_without_match(records[i])) for i in twins}
            if len(told) == 1:
                kept.append(twins[0])
            else:
                match = records[twins[0]].match
                reason = (
                    f"{len(twins)} values for one thing in {match.home} - {match.away} on {match.match_date}."
                )
                self._rejected.append(
                    _refuse(self._file, "contradicting-duplicate", reason, [records[i] for i in twins])
                )
        return [records[i] for i in kept], [positions[i] for i in kept]


def _without_match(record: object) -> object:
    return record[1:] if isinstance(record, tuple) else record


# The fields that tell apart what one match has several of, by position since that is faster than by name.
_match_key = itemgetter(*map(MatchRecord._fields.index, MatchKey._fields))
_quote_key = itemgetter(
    *map(QuoteRecord._fields.index, ("bookmaker", "market", "outcome", "line", "is_closing", "quoted_at"))
)
_stats_key = itemgetter(TeamStatsRecord._fields.index("is_home"))
_forecast_key = itemgetter(ForecastRecord._fields.index("publisher"))
_detail_key = itemgetter(DetailRecord._fields.index("phase"))


def _name(match: MatchRecord) -> str:
    return f"{match.home} - {match.away} on {match.match_date}"


def _refuse(file: str, code: str, reason: str, records: Sequence[object]) -> Rejected:
    return Rejected(file, NO_LINE, reason, code, "\n".join(map(repr, records)))
