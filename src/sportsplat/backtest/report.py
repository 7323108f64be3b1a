"""The backtest report as one self-contained HTML file: no network, no server, no other file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import jinja2

from sportsplat.backtest import charts
from sportsplat.backtest.portfolio import Portfolio
from sportsplat.backtest.summary import NAMES, bet_rows, caveats, headline, score_rows
from sportsplat.domain import JsonObject
from sportsplat.models.calibration import Bin
from sportsplat.number_text import in_words, minus, percent, percent_interval

GENERATOR = '<meta name="generator" content="sportsplat backtest">'  # by which a report knows its own kind

EXPLANATIONS = {
    "bankroll": "Kelly stakes by the settings below, settled when each result was known. Dotted: the "
    "initial bankroll.",
    "calibration": "Matches in groups of equal size by forecast, with 95% Wilson intervals. On the dotted "
    "line, outcomes happened as often as forecast.",
    "seasons": "Every forecaster on the same matches of each season. Each model is trained only on "
    "earlier matches.",
    "edges": "One unit on every priced outcome, in ten groups by the model's edge, with 95% intervals. On "
    "the dotted line, returns match the edge; below zero, the bets lost money.",
}
TITLES = {
    "bankroll": "Bankroll and drawdown",
    "calibration": "Calibration",
    "seasons": "Log loss by season",
    "edges": "Edge vs. return",
}


@dataclass(frozen=True)
class View:
    """Everything that the report shows. `result` is the object of `sportsplat backtest --json`."""

    result: JsonObject
    league_name: str
    bins: Sequence[Bin]
    seasons: Sequence[JsonObject]
    edges: Sequence[JsonObject]
    portfolio: Portfolio | None


def render_report(view: View) -> str:
    """Return the page. About 4.9 MB, nearly all of it Plotly's own script."""
    from plotly.offline import get_plotlyjs

    result = view.result
    drawn = _charts(view)
    return _template().render(
        generator=GENERATOR,
        title=f"{view.league_name}: backtest of {result['model']}",
        result=result,
        headline=headline(result),
        caveats=caveats(result),
        tiles=_tiles(result),
        scores=score_rows(result),
        bets=bet_rows(result["betting"]),
        charts=[(name, TITLES[name], EXPLANATIONS[name]) for name in drawn],
        figures=_as_script(drawn),
        configuration=_flat(result["configuration"]),
        plotly=get_plotlyjs(),
    )


def _tiles(result: JsonObject) -> list[tuple[str, str, str]]:
    """Figures to see first: name, value, and the interval or the reading below it."""
    tiles = [("Log loss", f"{result['forecast']['log_loss']:.4f}", f"{result['matches']:,} matches")]
    for name in ("elo", "market"):
        paired = result["paired"].get(name)
        if paired is not None and name != result["model"]:
            gap = minus(f"{paired['log_loss_difference']:+.4f}")
            tiles.append((f"Log loss against {NAMES[name]}", gap, in_words(paired["ci95"])))
    betting = result["betting"]
    if betting and betting["bets"]:
        tiles.append(
            (
                "Return on stakes",
                percent(betting["roi"], sign=True),
                percent_interval(betting["roi_ci95"]),
            )
        )
        clv = betting["clv"]
        tiles.append(
            ("Closing-line value", "not measurable", "one quote only")
            if clv is None
            else (
                "Closing-line value",
                percent(clv, sign=True),
                percent_interval(betting["clv_ci95"]),
            )
        )
        tiles.append(
            (
                "Bankroll",
                f"{betting['final_bankroll']:,.0f}",
                f"from {betting['initial_bankroll']:,.0f}, worst drawdown {percent(betting['max_drawdown'])}",
            )
        )
    return tiles


def _charts(view: View) -> dict[str, JsonObject]:
    drawn = {}
    if view.portfolio is not None and len(view.portfolio.ledger):
        drawn["bankroll"] = charts.bankroll_chart(view.portfolio)
    drawn["seasons"] = charts.seasons_chart(view.seasons, view.result["model"])
    drawn["calibration"] = charts.calibration_chart(view.bins, view.result["outcomes"])
    if view.edges:
        drawn["edges"] = charts.edges_chart(view.edges)
    return drawn


def _as_script(value: Any) -> str:
    """Return JSON that may stand inside a script element whatever text it holds."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _flat(values: JsonObject, prefix: str = "") -> list[tuple[str, str]]:
    """Return a nested object as dotted keys and values in text."""
    found: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, dict):
            found += _flat(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", value if isinstance(value, str) else json.dumps(value)))
    return found


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sportsplat.backtest"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")
