"""The report's pictures as Plotly figures: plain objects {data, layout} that the page draws.

Colours of axes and text are left to the page, which knows whether it is light or dark.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sportsplat.backtest.portfolio import Portfolio
from sportsplat.backtest.statistics import drawdowns
from sportsplat.domain import JsonObject
from sportsplat.models.calibration import Bin

OURS = "#3b82f6"
COLOURS = {"elo": "#f59e0b", "market": "#10b981", "base_rate": "#94a3b8"}
FURTHER = ("#a855f7", "#ef4444", "#14b8a6", "#ec4899")
BY_OUTCOME = ("#3b82f6", "#94a3b8", "#f59e0b")
NEUTRAL = "#94a3b8"


def bankroll_chart(portfolio: Portfolio) -> JsonObject:
    """Draw the bankroll at the end of each day with results, and how far it stood below its peak."""
    days = portfolio.settled_at.astype("datetime64[D]")
    last = np.flatnonzero(np.diff(days.astype(np.int64), append=np.iinfo(np.int64).max))
    at, bankroll = days[last].astype(str).tolist(), portfolio.bankroll[last]
    peak = np.concatenate([[portfolio.initial_bankroll], bankroll])
    below = -100.0 * drawdowns(peak)[1:]
    start = portfolio.initial_bankroll
    return {
        "data": [
            _line(at, bankroll.round(2).tolist(), "bankroll", OURS, hover="%{x}: %{y:,.0f}"),
            _line(at, below.round(2).tolist(), "drawdown", "#ef4444", hover="%{x}: %{y:.1f}%")
            | {"yaxis": "y2", "fill": "tozeroy", "fillcolor": "rgba(239,68,68,0.18)"},
        ],
        "layout": {
            "yaxis": {"domain": [0.34, 1.0], "title": {"text": "bankroll, units"}},
            "yaxis2": {"domain": [0.0, 0.24], "title": {"text": "below peak, %"}, "rangemode": "tozero"},
            "xaxis": {"anchor": "y2", "type": "date"},
            "shapes": [_level(start)],
            "showlegend": False,
        },
    }


def calibration_chart(bins: Sequence[Bin], outcomes: Sequence[str]) -> JsonObject:
    """Draw observed shares over forecasts with their 95% intervals; the diagonal is perfect calibration."""
    traces: list[JsonObject] = [
        {
            "x": [0, 1],
            "y": [0, 1],
            "mode": "lines",
            "name": "perfect",
            "line": {"dash": "dot", "width": 1, "color": NEUTRAL},
            "hoverinfo": "skip",
        }
    ]
    for index in sorted({entry.outcome for entry in bins}):
        mine = [entry for entry in bins if entry.outcome == index]
        traces.append(
            {
                "x": [round(entry.forecast, 4) for entry in mine],
                "y": [round(entry.observed, 4) for entry in mine],
                "customdata": [[entry.matches, round(entry.low, 3), round(entry.high, 3)] for entry in mine],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [round(entry.high - entry.observed, 4) for entry in mine],
                    "arrayminus": [round(entry.observed - entry.low, 4) for entry in mine],
                    "thickness": 1.2,
                    "width": 3,
                },
                "mode": "lines+markers",
                "line": {"width": 1},
                "name": outcomes[index],
                "marker": {"color": BY_OUTCOME[index % len(BY_OUTCOME)], "size": 7},
                "hovertemplate": "forecast %{x:.1%}, observed %{y:.1%}<br>95%: %{customdata[1]:.1%} to "
                "%{customdata[2]:.1%}, %{customdata[0]} matches<extra></extra>",
            }
        )
    low, high = _span([edge for entry in bins for edge in (entry.forecast, entry.low, entry.high)])
    return {
        "data": traces,
        "layout": {
            "xaxis": {"title": {"text": "forecast probability"}, "tickformat": ".0%", "range": [low, high]},
            "yaxis": {"title": {"text": "observed frequency"}, "tickformat": ".0%", "range": [low, high]},
        },
    }


def seasons_chart(rows: Sequence[JsonObject], model: str) -> JsonObject:
    """Draw the log loss by season, ours and every baseline's on the same matches; lower is better.

    `rows`: of `losses_by_season`, each with the season's name as `label`.
    """
    names = list(dict.fromkeys(name for row in rows for name in row["log_loss"]))
    colours = _colours(names, model)
    traces = []
    for name in sorted(names, key=lambda name: name == model):  # ours last, on top
        mine = [row for row in rows if name in row["log_loss"]]
        traces.append(
            {
                "x": [row["label"] for row in mine],
                "y": [round(row["log_loss"][name], 5) for row in mine],
                "customdata": [row["matches"] for row in mine],
                "mode": "lines+markers",
                "name": name.replace("_", " "),
                "line": {"width": 3 if name == model else 1.5, "color": colours[name]},
                "hovertemplate": "%{x}: %{y:.4f} on %{customdata} matches<extra>%{fullData.name}</extra>",
            }
        )
    return {
        "data": traces,
        "layout": {"xaxis": {"type": "category"}, "yaxis": {"title": {"text": "log loss, lower is better"}}},
    }


def edges_chart(rows: Sequence[JsonObject]) -> JsonObject:
    """Draw what outcomes paid over the model's edge, with 95% intervals."""
    known = [row for row in rows if row["ci95"] is not None]
    x = [round(row["edge"], 4) for row in known]
    low, high = _span(x)
    return {
        "data": [
            {
                "x": [low, high],
                "y": [low, high],
                "mode": "lines",
                "name": "if the model is right",
                "line": {"dash": "dot", "width": 1, "color": NEUTRAL},
                "hoverinfo": "skip",
            },
            {
                "x": x,
                "y": [round(row["profit"], 4) for row in known],
                "customdata": [row["outcomes"] for row in known],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [round(row["ci95"][1] - row["profit"], 4) for row in known],
                    "arrayminus": [round(row["profit"] - row["ci95"][0], 4) for row in known],
                    "thickness": 1.2,
                    "width": 3,
                },
                "mode": "markers",
                "name": "actual return",
                "marker": {"color": OURS, "size": 8},
                "hovertemplate": "model edge %{x:.1%}, return %{y:.1%}<br>%{customdata} "
                "outcomes<extra></extra>",
            },
        ],
        "layout": {
            "xaxis": {"title": {"text": "model edge"}, "tickformat": ".0%"},
            "yaxis": {"title": {"text": "profit per unit"}, "tickformat": ".0%", "zeroline": True},
        },
    }


def _line(x: list[str], y: list[float], name: str, colour: str, *, hover: str) -> JsonObject:
    return {
        "x": x,
        "y": y,
        "name": name,
        "mode": "lines",
        "line": {"width": 1.5, "color": colour, "shape": "hv"},
        "hovertemplate": f"{hover}<extra>{name}</extra>",
    }


def _level(y: float) -> JsonObject:
    dotted = {"dash": "dot", "width": 1, "color": NEUTRAL}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y", "y0": y, "y1": y, "line": dotted}


def _colours(names: Sequence[str], model: str) -> dict[str, str]:
    others = [name for name in names if name != model and name not in COLOURS]
    further = {name: FURTHER[index % len(FURTHER)] for index, name in enumerate(others)}
    return COLOURS | further | {model: OURS}


def _span(values: Sequence[float]) -> tuple[float, float]:
    """Ends of an axis that holds `values` with a margin of a twentieth."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = 0.05 * (high - low or 1.0)
    return round(low - room, 4), round(high + room, 4)
