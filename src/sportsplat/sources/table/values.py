"""Words of a table's cells as values: each distinct one is read once, for a whole block of rows."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sportsplat.sources.reading.cells import YEARS, RowError

if TYPE_CHECKING:
    from sportsplat.sources.table.mapping import When

_TRUE = frozenset({"true", "t", "yes", "y", "1", "1.0", "closing", "close"})
_EVEN = frozenset({"even", "evens", "ev"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "0.0", "", "opening", "open"})
ISO_DATE = "%Y-%m-%d"
NOT_A_TIME = np.iinfo(np.int64).min
_FIRST, _END = (
    int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 10**6 for year in (YEARS.start, YEARS.stop)
)


class WordValues(NamedTuple):
    """Values by distinct word, and which words have none although they are not blank."""

    values: npt.NDArray[Any]
    wrong: npt.NDArray[np.bool_]


def read_numbers(words: Sequence[str]) -> WordValues:
    """Return float64, NaN where a word is blank or no finite number."""
    values = np.array([read_finite(word) for word in words], dtype=np.float64)
    return WordValues(
        values, np.isnan(values) & np.array([bool(word.strip()) for word in words], dtype=np.bool_)
    )


def read_flags(words: Sequence[str]) -> WordValues:
    """Return bool; blank is False."""
    plain = [word.strip().lower() for word in words]
    flags = np.array([word in _TRUE for word in plain], dtype=np.bool_)
    return WordValues(flags, ~flags & np.array([word not in _FALSE for word in plain], dtype=np.bool_))


def read_moments(words: pa.Array, how: When, zone: ZoneInfo) -> WordValues:
    """Return microseconds since 1970 UTC, NOT_A_TIME where a word is blank or no moment."""
    blank = pc.equal(pc.utf8_trim_whitespace(words), "")
    texts = pc.if_else(blank, pa.scalar(None, pa.string()), pc.utf8_trim_whitespace(words))
    found = _moments(texts, how, ZoneInfo(how.timezone) if how.timezone else zone)
    found = np.where((found >= _FIRST) & (found < _END), found, NOT_A_TIME)
    missing = found == NOT_A_TIME
    return WordValues(found, missing & ~np.asarray(blank, dtype=np.bool_))


def _moments(texts: pa.Array, how: When, zone: ZoneInfo) -> npt.NDArray[np.int64]:
    """Let Arrow read all words at once where they are of one plain form; else one after the other."""
    try:
        if how.format is None:
            naive = pc.cast(texts, pa.timestamp("us"))
        elif "%z" in how.format.lower() or "%f" in how.format:
            return _one_by_one(texts, how, zone)
        else:
            naive = pc.strptime(texts, format=how.format, unit="us", error_is_null=True)
        there = pc.assume_timezone(naive, zone.key, ambiguous="earliest", nonexistent="latest")
        return np.asarray(pc.fill_null(pc.cast(there, pa.int64()), NOT_A_TIME))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        pass
    try:
        if how.format is None:
            known = pc.cast(texts, pa.timestamp("us", "UTC"))
            return np.asarray(pc.fill_null(pc.cast(known, pa.int64()), NOT_A_TIME))
    except pa.ArrowInvalid:
        pass
    return _one_by_one(texts, how, zone)


def _one_by_one(texts: pa.Array, how: When, zone: ZoneInfo) -> npt.NDArray[np.int64]:
    values = np.full(len(texts), NOT_A_TIME, dtype=np.int64)
    for place, text in enumerate(texts.to_pylist()):
        try:
            moment = None if text is None else read_moment(text, how, zone, "")
        except RowError:
            continue
        if moment is not None:
            values[place] = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)
    return values


def read_moment(text: str, how: When, zone: ZoneInfo, column: str) -> datetime:
    """Return a moment in UTC. Raises RowError (`bad-date`) for a text that is none."""
    found = _parsed(text, how, column)
    if found.tzinfo is None:
        found = found.replace(tzinfo=ZoneInfo(how.timezone) if how.timezone else zone)
    return found.astimezone(UTC)


def swapped_format(form: str) -> str:
    """Return a format with day and month in the other order: %m/%d/%Y for %d/%m/%Y."""
    return re.sub("%[dm]", lambda found: "%m" if found[0] == "%d" else "%d", form)


def read_day(text: str, how: When, column: str) -> date:
    """Return a calendar day. Raises RowError (`bad-date`) for a text that is none."""
    return _parsed(text, how, column).date()


def read_time(text: str, how: When, column: str) -> time:
    """Return a time of day. Raises RowError (`bad-time`) for a text that is none."""
    try:
        if how.format is not None:
            return datetime.strptime(text.strip(), how.format).time()
        return time.fromisoformat(text.strip())
    except ValueError:
        expected = how.format or "hh:mm"
        raise RowError("bad-time", f"{column} is {text!r}: expected {expected}") from None


def _parsed(text: str, how: When, column: str) -> datetime:
    try:
        if how.format is not None:
            found = datetime.strptime(text.strip(), how.format)
        else:
            found = datetime.fromisoformat(text.strip())
    except ValueError:
        found = datetime.min
    if found.year not in YEARS:
        expected = how.format or "yyyy-mm-dd"
        raise RowError("bad-date", f"{column} is {text!r}: expected {expected}")
    return found


def read_american(word: str) -> float:
    """Return American odds as they are written, EVEN as +100; NaN where it is no number."""
    return 100.0 if is_even(word) else read_finite(word)


def is_even(word: str) -> bool:
    """Whether American odds of +100 are written in letters."""
    return word.strip().lower() in _EVEN


def read_finite(word: str) -> float:
    """Return a finite number, be its minus a hyphen or the sign of print (U+2212); else NaN.

    "1_9", which Python reads as 19, is none.
    """
    try:
        value = math.nan if "_" in word else float(word.replace("\u2212", "-"))
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
