"""A report in sentences, for the terminal and for the page."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from sportsplat.domain import JsonObject
from sportsplat.quality.picture import FILE


def headline(data: JsonObject) -> list[str]:
    """Return what is stored, how fresh it is, and how much was found."""
    seasons = data["seasons"]
    if not seasons:
        return [f"Nothing of {data['name']} is stored.", *placeholders(data["findings"])]
    played = sum(season["final"] for season in seasons)
    span = seasons[0]["label"]
    if len(seasons) > 1:
        span = f"{len(seasons)} seasons from {span} to {seasons[-1]['label']}"
    said = [f"{number(played, 'played match', 'played matches')} in {span}."]
    fresh = data["freshness"]
    if fresh["last_result"] is not None:
        days = fresh["last_result_age_days"]
        ago = number(days, "day") + " ago" if days else "today"
        said.append(f"The last result is of {fresh['last_result']}, {ago}.")
    counts = data["counts"]
    said.append(
        f"Found: {number(counts['error'], 'error')}, {number(counts['warning'], 'warning')}, "
        f"{number(counts['info'], 'note')}."
    )
    return said + placeholders(data["findings"])


def placeholders(findings: Sequence[JsonObject]) -> list[str]:
    """Return what `FILE` is in the commands of findings, nothing where none has it."""
    if not any(FILE in shlex.split(one["next"] or "") for one in findings):
        return []
    return [f"{FILE} in a command stands for a file of that source that you have: its site cannot be asked."]


def ingest_age(ingest: JsonObject) -> str:
    """Return how long ago a source was taken in: "3 h ago", "12 days ago"."""
    hours = int(ingest["age_days"] * 24)
    if hours < 1:
        return "less than an hour ago"
    return f"{hours} h ago" if hours < 48 else f"{hours // 24:,} days ago"


def number(count: int, noun: str, many: str | None = None) -> str:
    """Return "1 error", "2 errors"."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"
