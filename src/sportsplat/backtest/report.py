"""A backtest as one HTML file that needs nothing else: no network, no server, no other file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import jinja2

from sportsplat.backtest import charts, words
from sportsplat.backtest.portfolio import Portfolio
from sportsplat.domain import JsonObject
from sportsplat.models.calibration import Bin

GENERATOR = '<meta name="generator" content="sportsplat backtest">'  # by which a report knows its own kind

EXPLANATIONS = {
    "bankroll": "Kelly stakes by the settings below, settled when each result was known. Dotted: the start.",
    "calibration": "Matches in groups of equal size by forecast, with 95% Wilson intervals. On the dotted "
    "line, what was forecast happened as often as forecast.",
    "seasons": "Every forecaster on the same matches of each season. A model knows only what came before.",
    "edges": "Every priced outcome at one unit, in ten groups by the edge that the model saw, with 95% "
    "intervals. On the dotted line, edges are what they seem; below zero, they are mistakes.",
}
TITLES = {
    "bankroll": "Bankroll and drawdown",
    "calibration": "Calibration",
    "seasons": "Log loss by season",
    "edges": "Edge against result",
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
        headline=words.headline(result),
        caveats=words.caveats(result),
        tiles=_tiles(result),
        scores=score_rows(result),
        bets=bet_rows(result["betting"]),
        charts=[(name, TITLES[name], EXPLANATIONS[name]) for name in drawn],
        figures=_as_script(drawn),
        configuration=_flat(result["configuration"]),
        plotly=get_plotlyjs(),
    )


def score_rows(result: JsonObject) -> list[dict[str, str]]:
    """Return the table of scores as text: ours first, then each baseline with the paired difference."""
    rows = [_score_row(result["model"], result["matches"], result["forecast"], None)]
    for name, theirs in result["baselines"].items():
        if theirs is not None and name != result["model"]:
            rows.append(_score_row(name, theirs["matches"], theirs, result["paired"][name]))
    return rows


def bet_rows(betting: JsonObject | None) -> list[dict[str, str]]:
    """Return the table of bets as text: Kelly and flat stakes at the entry price, and at the close."""
    if betting is None:
        return []
    rows = [
        ("Kelly", betting["entry_price"], betting),
        ("Flat, one unit", betting["entry_price"], betting["flat"]),
    ]
    close = betting["at_close"]
    if close is not None and close["price"] != betting["entry_price"]:
        rows += [
            ("The Kelly bets above, paid at the close", close["price"], close["same_bets"]),
            ("Kelly, choosing at the close", close["price"], close["kelly"]),
            ("Flat, choosing at the close", close["price"], close["flat"]),
        ]
    return [_bet_row(name, price, returns) for name, price, returns in rows]


def _score_row(name: str, matches: int, scores: JsonObject, paired: JsonObject | None) -> dict[str, str]:
    shown = {
        key: "–" if scores[key] is None else f"{scores[key]:.4f}"
        for key in ("log_loss", "brier", "rps", "ece")
    }
    return {
        "name": name.replace("_", " "),
        "matches": f"{matches:,}",
        **shown,
        "accuracy": words.percent(scores["accuracy"]),
        "difference": "" if paired is None else words.minus(f"{paired['log_loss_difference']:+.4f}"),
        "interval": "" if paired is None else words.in_words(paired["ci95"]),
        "reading": "" if paired is None else words.reading(paired["log_loss_difference"], paired["ci95"]),
    }


def _bet_row(name: str, price: str, returns: JsonObject) -> dict[str, str]:
    nothing = not returns["bets"]
    return {
        "name": name,
        "price": price,
        "bets": f"{returns['bets']:,}",
        "staked": f"{returns['staked']:,.1f}",
        "profit": words.minus(f"{returns['profit']:+,.1f}"),
        "roi": "–" if nothing else words.percent(returns["roi"], sign=True),
        "interval": "–" if nothing else words.percent_interval(returns["roi_ci95"]),
    }


def _tiles(result: JsonObject) -> list[tuple[str, str, str]]:
    """Figures to see first: name, value, and the interval or the reading below it."""
    tiles = [("Log loss", f"{result['forecast']['log_loss']:.4f}", f"{result['matches']:,} matches")]
    for name in ("elo", "market"):
        paired = result["paired"].get(name)
        if paired is not None and name != result["model"]:
            gap = words.minus(f"{paired['log_loss_difference']:+.4f}")
            tiles.append((f"Log loss against {words.NAMES[name]}", gap, words.in_words(paired["ci95"])))
    betting = result["betting"]
    if betting and betting["bets"]:
        tiles.append(
            (
                "Return on stakes",
                words.percent(betting["roi"], sign=True),
                words.percent_interval(betting["roi_ci95"]),
            )
        )
        clv = betting["clv"]
        tiles.append(
            ("Closing-line value", "not measurable", "one quote only")
            if clv is None
            else (
                "Closing-line value",
                words.percent(clv, sign=True),
                words.percent_interval(betting["clv_ci95"]),
            )
        )
        tiles.append(
            (
                "Bankroll",
                f"{betting['final_bankroll']:,.0f}",
                f"from {betting['initial_bankroll']:,.0f}, "
                f"worst drawdown {words.percent(betting['max_drawdown'])}",
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
