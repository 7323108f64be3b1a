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
from sportsplat.domain import JsonObject
from sportsplat.models.calibration import Bin

NAMES = {"base_rate": "the base rate", "elo": "Elo", "market": "the market"}


def headline(result: JsonObject) -> list[str]:
    """Return the result in sentences: the verdict, our log loss beside each baseline's, then the bets."""
    said = [_verdict(result)]
    said += [_against(name, result) for name in _worth_saying(result)]
    return [*said, _calibration_in_words(result["calibration"]), *_bets_in_words(result["betting"])]


def caveats(result: JsonObject) -> list[str]:
    """Return the caveats that apply to the numbers."""
    said = list(result["notes"])
    betting = result["betting"]
    if betting and betting["detectable_edge"] is not None:
        said.append(
            f"{betting['bets']:,} bets could have detected an edge of {percent(betting['detectable_edge'])} "
            "or more (two-sided test at 5%, power 80%); a smaller edge cannot be distinguished from none."
        )
    if betting and betting["bets"]:
        said.append(
            "Every stake is filled in full at the quoted price: no limits, no rejected bets, no price impact."
        )
        said.append(
            "Kelly stakes grow with the bankroll, so bets have different weights in its return; flat "
            "stakes weight every bet equally."
        )
    said.append(
        "Intervals are bootstrapped by match day. They measure chance on these matches and do not correct "
        "for the number of models tried."
    )
    return said


def in_words(interval: Sequence[float] | None, show: str = "{:+.4f}") -> str:
    """Return "−0.0030 to +0.0008", or "no interval" where there are too few days."""
    if interval is None:
        return "no interval: too few match days"
    return " to ".join(minus(show.format(edge)) for edge in interval)


def percent(share: float, *, sign: bool = False) -> str:
    """Return a share as a percentage with one decimal, "−3.1%"."""
    return minus(f"{100 * share:+.1f}%" if sign else f"{100 * share:.1f}%")


def percent_interval(interval: Sequence[float] | None) -> str:
    """Return an interval of shares as percentages."""
    if interval is None:
        return "no interval: too few match days"
    return " to ".join(percent(edge, sign=True) for edge in interval)


def minus(text: str) -> str:
    """Write a minus as a minus sign, as wide as a plus."""
    return text.replace("-", "−")


def reading(difference: float, interval: Sequence[float] | None) -> str:
    """Return "better", "worse" or "within noise" for ours minus theirs, where lower is better."""
    if interval is None or interval[0] <= 0.0 <= interval[1]:
        return "within noise"
    return "better" if difference < 0 else "worse"


def _verdict(result: JsonObject) -> str:
    """One sentence: how many matches, our log loss, and on which side of whom it stands."""
    model, paired = result["model"], result["paired"]
    judged = [name for name in ("elo", "market") if name in paired and name != model]
    readings = {name: reading(paired[name]["log_loss_difference"], paired[name]["ci95"]) for name in judged}
    parts = [
        {"better": "better than", "worse": "worse than", "within noise": "within noise of"}[how]
        + f" {NAMES[name]}"
        for name, how in readings.items()
    ]
    beside = f": {' and '.join(parts)}" if parts else ""
    return (
        f"On {result['matches']:,} matches of {result['league']} from {result['from']} to {result['to']}, "
        f"{model} has a log loss of {result['forecast']['log_loss']:.4f}{beside}."
    )


def _worth_saying(result: JsonObject) -> list[str]:
    others = [name for name in result["paired"] if name not in {"base_rate", "elo", "market"}]
    return [
        name for name in ("elo", "market", *others) if name in result["paired"] and name != result["model"]
    ]


def _against(name: str, result: JsonObject) -> str:
    paired, theirs = result["paired"][name], result["baselines"][name]["log_loss"]
    gap, interval = paired["log_loss_difference"], paired["ci95"]
    who = _who(name, result)
    on = "" if paired["matches"] == result["matches"] else f" on the {paired['matches']:,} matches it covers"
    verdict = {
        "better": f"ours is better by {abs(gap):.4f}",
        "worse": f"ours is worse by {abs(gap):.4f}",
        "within noise": "the difference is within noise on these matches",
    }[reading(gap, interval)]
    return (
        f"{who[0].upper()}{who[1:]} has {theirs:.4f}{on}: {verdict} "
        f"(ours minus theirs {minus(f'{gap:+.4f}')}, 95% interval {in_words(interval)})."
    )


def _calibration_in_words(calibration: JsonObject) -> str:
    low, high = calibration["ci95"]
    beyond_chance = calibration["ece"] > calibration["chance95"]
    verdict = "a sign of" if low > 0.0 else "no clear sign of" if beyond_chance else "no sign of"
    return (
        f"The calibration error is {calibration['ece']:.4f} (95% interval {low:.4f} to {high:.4f}); "
        f"chance alone gives a perfect forecaster up to {calibration['chance95']:.4f}: "
        f"{verdict} miscalibration."
    )


def _who(name: str, result: JsonObject) -> str:
    price = result["benchmark_price"]
    if name == "market" and price:
        return f"the market ({price}, margin removed)"
    return NAMES.get(name, f"the published forecast “{name}”")


def _bets_in_words(betting: JsonObject | None) -> list[str]:
    if betting is None:
        return []
    if not betting["bets"]:
        return ["No match had enough edge to bet on."]
    interval = betting["roi_ci95"]
    shown = "no profit or loss beyond chance"
    if interval is not None and interval[0] > 0:
        shown = "a profit beyond chance"
    elif interval is not None and interval[1] < 0:
        shown = "a loss beyond chance"
    said = [
        f"{betting['bets']:,} Kelly bets at {betting['entry_price']} prices returned "
        f"{percent(betting['roi'], sign=True)} of the amount staked "
        f"(95% interval {percent_interval(interval)}): {shown}."
    ]
    if betting["clv"] is not None:
        said.append(
            f"Against the fair {betting['benchmark_price']} price the bets were worth "
            f"{percent(betting['clv'], sign=True)} a unit "
            f"(95% interval {percent_interval(betting['clv_ci95'])})."
        )
    return said


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
        "accuracy": percent(scores["accuracy"]),
        "difference": "" if paired is None else minus(f"{paired['log_loss_difference']:+.4f}"),
        "interval": "" if paired is None else in_words(paired["ci95"]),
        "reading": "" if paired is None else reading(paired["log_loss_difference"], paired["ci95"]),
    }


def _bet_row(name: str, price: str, returns: JsonObject) -> dict[str, str]:
    nothing = not returns["bets"]
    return {
        "name": name,
        "price": price,
        "bets": f"{returns['bets']:,}",
        "staked": f"{returns['staked']:,.1f}",
        "profit": minus(f"{returns['profit']:+,.1f}"),
        "roi": "–" if nothing else percent(returns["roi"], sign=True),
        "interval": "–" if nothing else percent_interval(returns["roi_ci95"]),
    }


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
