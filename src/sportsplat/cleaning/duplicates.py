"""Deduplicate the records of one file before anything is written.

Rows that repeat each other become one. Rows that contradict each other all go to quarantine, since nothing in
the file says which of them is right; the values of an earlier file stay.
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


class UniqueRecords(NamedTuple):
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


def merge_repeated_matches(batch: Batch) -> Batch:
    """Deduplicate matches that appear in a file more than once under the same names.

    This comes before any rule is applied: of two rows that contradict each other one may break a rule, and
    the other would be believed.
    """
    keys = [match.key for match in batch.matches]
    if len(set(keys)) == len(keys):
        return batch
    same: dict[MatchKey, list[MatchRecord]] = defaultdict(list)
    for key, match in zip(keys, batch.matches, strict=True):
        same[key].append(match)
    rejected = list(batch.rejected)
    chosen = [_merged(batch, duplicates, rejected) for duplicates in same.values()]
    return batch._replace(matches=[match for match in chosen if match is not None], rejected=rejected)


def deduplicate(batch: Batch, teams: Mapping[str, int], mentioned: Iterable[MatchKey] = ()) -> UniqueRecords:
    """Deduplicate matches and link every dependent record to its match.

    `teams` gives the id of each name: two names of one team are one team here. `mentioned` are the keys of
    matches that the file holds and that were left out on purpose, whose quotes are left out without a
    message.
    """
    rejected = list(batch.rejected)
    rows = _rows_without_duplicates(batch, teams)
    matches = batch.matches
    if rows is None:
        matches, rows = _merge_matches(batch, teams, rejected)
    link = _RecordLinker(batch, rows, mentioned, rejected)
    quotes = link(batch.quotes, _quote_key)
    stats = link(batch.stats, _stats_key)
    forecasts = link(batch.forecasts, _forecast_key)
    details = link(batch.details, _detail_key)
    return UniqueRecords(matches, *quotes, *stats, *forecasts, *details, rejected)


def _rows_without_duplicates(batch: Batch, teams: Mapping[str, int]) -> Rows | None:
    """Return the position of each match by its key; None where matches have to be checked one by one."""
    rows: Rows = dict(zip(map(_match_key, batch.matches), range(len(batch.matches)), strict=True))
    plain = len(rows) == len(batch.matches) and len(set(teams.values())) == len(teams)
    return rows if plain and all(match.home != match.away for match in batch.matches) else None


def _merge_matches(
    batch: Batch, teams: Mapping[str, int], rejected: list[Rejected]
) -> tuple[list[MatchRecord], Rows]:
    """Return one record per match, and the position of every key that leads to one."""
    same: dict[Hashable, list[MatchRecord]] = defaultdict(list)
    for match in batch.matches:
        home, away = teams[match.home], teams[match.away]
        if home == away:
            reason = f"{match.home} and {match.away} are the same team."
            rejected.append(_refuse(batch.file, "same-team", reason, [match]))
        else:
            same[match.match_date, home, away, match.number].append(match)
    merged: list[MatchRecord] = []
    rows: Rows = {}
    for duplicates in same.values():
        chosen = _merged(batch, duplicates, rejected)
        if chosen is None:
            continue
        for duplicate in duplicates:
            rows[duplicate.key] = len(merged)
        merged.append(chosen)
    return merged, rows


def _merged(batch: Batch, duplicates: list[MatchRecord], rejected: list[Rejected]) -> MatchRecord | None:
    """Return the merged record of the rows of one match; None where they differ, and all are rejected."""
    chosen = duplicates[0] if len(duplicates) == 1 else _agreed(duplicates)
    if chosen is None:
        code, differing = "contradicting-duplicate", "; ".join(_differing(duplicates))
        count, name = len(duplicates), _name(duplicates[0])
        reason = f"{count} rows contradict each other about {name}: {differing}; none was used."
        lines = _lines_of(batch, duplicates)
        if NO_LINE in lines:
            rejected.append(_refuse(batch.file, code, reason, duplicates)._replace(line=lines[0]))
        else:
            each = zip(lines, duplicates, strict=True)
            rejected += [batch.reject_line(line, code, reason, repr(duplicate)) for line, duplicate in each]
    return chosen


def _lines_of(batch: Batch, duplicates: Sequence[MatchRecord]) -> list[int]:
    """Return the line of each row of a match, NO_LINE where it is unknown."""
    left = {
        duplicate.key: iter(
            (batch.line_of.get(duplicate.key, NO_LINE), *batch.further_lines.get(duplicate.key, ()))
        )
        for duplicate in duplicates
    }
    return [next(left[duplicate.key], NO_LINE) for duplicate in duplicates]


def _agreed(duplicates: list[MatchRecord]) -> MatchRecord | None:
    """Return the merged record of the rows of one match, preferring a played one; None if they differ."""
    final = [duplicate for duplicate in duplicates if duplicate.status is MatchStatus.FINAL] or duplicates
    reported = {duplicate._replace(home="", away="") for duplicate in final}
    return final[0] if len(reported) == 1 else None


def _differing(duplicates: Sequence[MatchRecord]) -> Iterator[str]:
    """Yield the fields in which rows of one match differ: `home_score is 1 and 2`."""
    for name, values in zip(MatchRecord._fields, zip(*duplicates, strict=True), strict=True):
        reported = list(dict.fromkeys(str(value) for value in values))
        if len(reported) > 1:
            yield f"{name} is {' and '.join(reported)}"


class _RecordLinker:
    """Links records to matches and drops repetitions."""

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
        return self._without_duplicates(kept, positions, keys)

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
            reason = f"The file has no match {match.home} - {match.away} on {match.match_date}."
            self._rejected.append(_refuse(self._file, "unknown-match", reason, [record]))
        kept = [(r, p) for r, p in zip(records, positions, strict=True) if p is not None]
        return [record for record, _ in kept], [position for _, position in kept]

    def _without_duplicates(
        self, records: list[Record], positions: list[int], keys: Sequence[Hashable]
    ) -> tuple[list[Record], list[int]]:
        same: dict[Hashable, list[int]] = defaultdict(list)
        for i, key in enumerate(keys):
            same[key].append(i)
        kept = []
        for duplicates in same.values():
            reported = {str(_without_match(records[i])) for i in duplicates}
            if len(reported) == 1:
                kept.append(duplicates[0])
            else:
                match = records[duplicates[0]].match
                reason = (
                    f"{len(duplicates)} different values for one fact of {match.home} - {match.away} on "
                    f"{match.match_date}."
                )
                self._rejected.append(
                    _refuse(self._file, "contradicting-duplicate", reason, [records[i] for i in duplicates])
                )
        return [records[i] for i in kept], [positions[i] for i in kept]


def _without_match(record: object) -> object:
    return record[1:] if isinstance(record, tuple) else record


# The fields that distinguish several records of one match, by position since that is faster than by name.
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
