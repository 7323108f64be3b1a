"""The state of a league's data as one HTML file that needs nothing else: no network, no script."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

import jinja2

from sportsplat.domain import JsonObject
from sportsplat.quality import heat
from sportsplat.quality.words import headline, ingest_age

if TYPE_CHECKING:
    from sportsplat.quality.facts import Conflict

GENERATOR = '<meta name="generator" content="sportsplat data quality">'  # by which a page knows its own kind


def render_page(data: JsonObject, conflicts: Sequence[Conflict]) -> str:
    """Return the page of a report (`report.report`), with some contradictions to look at."""
    shown = heat.columns(data, details=True)
    seasons = heat.lines(data, shown)
    return _template().render(
        generator=GENERATOR,
        data=data,
        moment=_moment(data["moment"]),
        headline=headline(data),
        columns=shown,
        groups=heat.groups(shown),
        lines=seasons,
        unplayed=any(line.others for line in seasons),
        scale=heat.SCALE,
        conflicts=conflicts,
        contradictions=sum(one["matches"] for one in data["conflicts"]),
        ingests=[(one["source"], _moment(one["finished_at"]), ingest_age(one)) for one in _ingests(data)],
    )


def _ingests(data: JsonObject) -> list[JsonObject]:
    return sorted(data["freshness"]["ingests"], key=lambda one: one["age_days"])


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
