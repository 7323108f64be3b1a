"""Answers of live sources, invented, in the shape of the real ones: see the docstrings of the parsers."""

from __future__ import annotations

import json
from typing import Any


def side(where: str, name: str, score: int | str = "0", periods: tuple[Any, ...] = ()) -> dict[str, Any]:
    """One entry of `competitors`."""
    return {
        "id": "1",
        "type": "team",
        "homeAway": where,
        "team": {"id": "1", "displayName": name, "abbreviation": name[:3].upper()},
        "score": str(score),
        "linescores": [{"value": value, "displayValue": str(value)} for value in periods],
    }


def event(
    home: str,
    away: str,
    date: str = "2024-01-15T00:30Z",
    *,
    number: int = 401,
    score: tuple[int, int] | None = None,
    periods: tuple[tuple[Any, ...], tuple[Any, ...]] = ((), ()),
    status: str = "STATUS_SCHEDULED",
    season: tuple[int, int] = (2024, 2),
    **game: Any,
) -> dict[str, Any]:
    """One event: final with a score, else to come; `game` goes over what stands in its competition."""
    name = "STATUS_FINAL" if score else status
    points = score or (0, 0)
    competition = {
        "id": str(number),
        "date": date,
        "timeValid": True,
        "neutralSite": False,
        "type": {"id": "1", "abbreviation": "STD"},
        "venue": {
            "id": "7",
            "fullName": "Harbour Hall",
            "address": {"city": "Acton", "state": "AC"},
            "indoor": True,
        },
        "competitors": [side("home", home, points[0], periods[0]), side("away", away, points[1], periods[1])],
        "status": {"clock": 0.0, "period": 4, "type": {"id": "3", "name": name, "completed": bool(score)}},
        "odds": [{"provider": {"name": "Some Book"}, "details": "HOM -3.5", "overUnder": 220.5}],
    }
    return {
        "id": str(number),
        "uid": f"s:40~l:46~e:{number}",
        "date": date,
        "name": f"{away} at {home}",
        "season": {"year": season[0], "type": season[1], "slug": "regular-season"},
        "competitions": [competition | game],
    }


def scoreboard(slug: str, *events: Any) -> bytes:
    """One answer of ESPN."""
    return json.dumps({"leagues": [{"id": "46", "slug": slug}], "events": list(events)}).encode()


def price(name: str, odds: Any, point: Any = None) -> dict[str, Any]:
    """One entry of `outcomes`."""
    return {"name": name, "price": odds} | ({} if point is None else {"point": point})


def market(key: str, *outcomes: dict[str, Any], taken: str = "2024-01-14T18:00:05Z") -> dict[str, Any]:
    """One entry of `markets`."""
    return {"key": key, "last_update": taken, "outcomes": list(outcomes)}


def offer(
    home: str,
    away: str,
    *markets: dict[str, Any],
    start: str = "2024-01-15T00:30:00Z",
    sport: str = "basketball_nba",
    number: int = 1,
) -> dict[str, Any]:
    """One event of The Odds API, priced by one bookmaker."""
    return {
        "id": f"{number:032x}",
        "sport_key": sport,
        "sport_title": "Sport",
        "commence_time": start,
        "home_team": home,
        "away_team": away,
        "bookmakers": [
            {
                "key": "pinnacle",
                "title": "Pinnacle",
                "last_update": "2024-01-14T18:00:05Z",
                "markets": list(markets),
            }
        ],
    }
