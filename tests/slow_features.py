"""The same features counted the slow way, as an independent check: match by match in plain Python."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from sportsplat.leagues.league import EloParams, League

Row = Any


def known_results(matches: pd.DataFrame, match: Row) -> list[Row]:
    """Results known when `match` kicked off, in the order in which they became known."""
    played = [
        row
        for row in matches.itertuples()
        if row.final and row.known_at <= match.kickoff_utc and row.kickoff_utc < match.kickoff_utc
    ]
    return sorted(played, key=lambda row: (row.known_at, row.kickoff_utc, row.number, row.match_id))


def slow_features(matches: pd.DataFrame, match: Row, league: League, windows: list[int]) -> dict[str, float]:
    """Every feature of one match that needs no box scores."""
    known = known_results(matches, match)
    features = {"neutral": float(match.neutral)}
    for side, team in (("home", match.home_id), ("away", match.away_id)):
        for name, value in _team_features(known, team, match, league, windows).items():
            features[f"{name}_{side}"] = value
    for name in [name[:-5] for name in features if name.endswith("_home")]:
        features[f"{name}_difference"] = features[f"{name}_home"] - features[f"{name}_away"]
    features |= _head_to_head(known, match)
    features |= _ratings(known, match, league.elo)
    return features


def _margin(row: Row, team: int) -> int:
    margin = int(row.home_score - row.away_score)
    return margin if row.home_id == team else -margin


def _points(margin: int) -> float:
    return 1.0 if margin > 0 else 0.5 if margin == 0 else 0.0


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _team_features(
    known: list[Row], team: int, match: Row, league: League, windows: list[int]
) -> dict[str, float]:
    own = [row for row in known if team in (row.home_id, row.away_id)]
    margins = [_margin(row, team) for row in own]
    found: dict[str, float] = {}
    for window in windows:
        found[f"win_share_{window}"] = _mean([_points(m) for m in margins[-window:]])
        found[f"score_difference_{window}"] = _mean([float(m) for m in margins[-window:]])
    found["streak"] = _streak(margins)
    days = [(match.match_date - row.match_date).days for row in own]
    found["rest_days"] = float(min(*days, 14)) if days else math.nan
    found["back_to_back"] = float(min(days) == 1) if days else math.nan
    found["matches_last_7_days"] = float(sum(day <= 7 for day in days))
    seasons = [row.season for row in own]
    current = seasons.count(match.season) if seasons and max(seasons) == match.season else 0
    found["season_progress"] = current / league.season_matches
    return found


def _streak(margins: list[int]) -> float:
    if not margins:
        return math.nan
    sign = (margins[-1] > 0) - (margins[-1] < 0)
    run = 0
    for margin in reversed(margins):
        if (margin > 0) - (margin < 0) != sign:
            break
        run += 1
    return float(sign * run)


def _head_to_head(known: list[Row], match: Row) -> dict[str, float]:
    pair = {match.home_id, match.away_id}
    margins = [_margin(row, match.home_id) for row in known if {row.home_id, row.away_id} == pair][-10:]
    return {
        "head_to_head_win_share": _mean([_points(m) for m in margins]),
        "head_to_head_score_difference": _mean([float(m) for m in margins]),
    }


def _ratings(known: list[Row], match: Row, params: EloParams) -> dict[str, float]:
    """Elo (margin `goals` or `none`) and strength, replayed from the first result on."""
    elo: dict[int, float] = {}
    strength: dict[int, float] = {}
    season: dict[int, int] = {}
    advantage = 0.0

    def prepare(team: int, playing: int) -> tuple[float, float]:
        rating, force = elo.get(team, params.initial), strength.get(team, 0.0)
        if team in season and season[team] < playing:
            rating = params.mean + params.carry_over * (rating - params.mean)
            force *= params.carry_over
        return rating, force

    for row in known:
        home, away = prepare(row.home_id, row.season), prepare(row.away_id, row.season)
        margin = int(row.home_score - row.away_score)
        edge = home[0] - away[0] + (0.0 if row.neutral else params.home_advantage)
        moved = params.k * _weight(abs(margin), params) * (_points(margin) - 1 / (1 + 10 ** (-edge / 400)))
        surprise = margin - (home[1] - away[1]) - (0.0 if row.neutral else advantage)
        elo[row.home_id], elo[row.away_id] = home[0] + moved, away[0] - moved
        strength[row.home_id] = home[1] + 0.035 * surprise
        strength[row.away_id] = away[1] - 0.035 * surprise
        advantage += 0.0 if row.neutral else 0.002 * surprise
        for team in (row.home_id, row.away_id):
            season[team] = max(season.get(team, row.season), row.season)
    home, away = prepare(match.home_id, match.season), prepare(match.away_id, match.season)
    neutral = bool(match.neutral)
    return {
        "elo_home": home[0],
        "elo_away": away[0],
        "elo_difference": home[0] - away[0] + (0.0 if neutral else params.home_advantage),
        "expected_score_difference": home[1] - away[1] + (0.0 if neutral else advantage),
    }


def _weight(size: int, params: EloParams) -> float:
    if params.margin == "none":
        return 1.0
    assert params.margin == "goals"
    return 1.0 if size <= 1 else 1.5 if size == 2 else (11 + size) / 8
