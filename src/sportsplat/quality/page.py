"""The data quality report as one self-contained HTML file: no network, no script."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import jinja2

from sportsplat.quality.coverage import STEPS, ShareCell, cell
from sportsplat.quality.report import headline, ingest_age

if TYPE_CHECKING:
    from sportsplat.quality.facts import Conflict
    from sportsplat.quality.report import IngestAge, QualityReport, SeasonQuality


class HeatColumn(NamedTuple):
    """One measure above the cells of its column."""

    key: str
    label: str
    group: str


class Line(NamedTuple):
    """One season: its name, how many matches it has of how many, and a cell for each column.

    `too_many`: whether more matches are stored than such a season can have.
    """

    season: str
    matches: ShareCell
    too_many: bool
    others: str
    cells: Sequence[ShareCell]


def columns(data: QualityReport, *, details: bool) -> list[HeatColumn]:
    """Return the measures to show: those of which something is stored; single stats with `details` only."""
    stored = {key for season in data.seasons for key, found in season.coverage.items() if found.matches}
    return [
        HeatColumn(one.key, one.label, one.group)
        for one in data.measures
        if one.key in stored and (details or not one.detail)
    ]


def groups(shown: Sequence[HeatColumn]) -> list[tuple[str, int]]:
    """Return the groups of columns with how many each has."""
    return [(name, len(list(found))) for name, found in groupby(shown, key=lambda column: column.group)]


def lines(data: QualityReport, shown: Sequence[HeatColumn]) -> list[Line]:
    """Return a line for each season, the newest first."""
    return [
        Line(
            season.label,
            _matches(season),
            _has_too_many(season),
            _others(season),
            [cell(season.coverage[column.key].matches, season.final) for column in shown],
        )
        for season in reversed(data.seasons)
    ]


def _matches(season: SeasonQuality) -> ShareCell:
    """Return played matches, with the number expected of the regular stage where it is known."""
    wanted, stored = season.expected, season.regular
    if not wanted:
        return ShareCell(f"{season.final:,}", None, f"{season.final:,} played")
    about = "about " if season.expected_is_about else ""
    hint = f"{stored:,} of {about}{wanted:,} matches of the regular stage are stored"
    return ShareCell(f"{stored:,}/{'~' if about else ''}{wanted:,}", cell(stored, wanted).step, hint)


def _has_too_many(season: SeasonQuality) -> bool:
    wanted = season.expected
    return bool(wanted and not season.expected_is_about and season.regular > wanted)


def _others(season: SeasonQuality) -> str:
    """Return the matches that are not simply played, in words: "3 to play, 1 cancelled"."""
    overdue = season.overdue
    numbers = {
        "to play": season.scheduled - overdue,
        "without a result": overdue,
        "put off": season.postponed,
        "cancelled": season.cancelled,
    }
    return ", ".join(f"{number:,} {word}" for word, number in numbers.items() if number)


SCALE = tuple(range(STEPS + 1))


GENERATOR = '<meta name="generator" content="sportsplat data quality">'  # by which a page knows its own kind


def render_page(data: QualityReport, conflicts: Sequence[Conflict]) -> str:
    """Return the page of a report (`report.report`), with some contradictions to look at."""
    shown = columns(data, details=True)
    seasons = lines(data, shown)
    return _template().render(
        generator=GENERATOR,
        data=data,
        moment=_moment(data.moment),
        headline=headline(data),
        columns=shown,
        groups=groups(shown),
        lines=seasons,
        unplayed=any(line.others for line in seasons),
        scale=SCALE,
        conflicts=conflicts,
        contradictions=sum(one.matches for one in data.conflicts),
        ingests=[(one.source, _moment(one.finished_at), ingest_age(one)) for one in _ingests(data)],
    )


def _ingests(data: QualityReport) -> list[IngestAge]:
    return sorted(data.freshness.ingests, key=lambda one: one.age_days)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sportsplat.quality"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("quality.html.j2")
