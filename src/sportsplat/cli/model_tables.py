"""How models, their scores and their forecasts look on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sportsplat.backtest.words import in_words, minus

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from sportsplat.domain import JsonObject

SCORES = ("log_loss", "brier", "rps", "accuracy", "ece")
NAMES = {"base_rate": "base rate", "elo": "Elo"}


def show_training(console: Console, data: JsonObject) -> None:
    """Say what was learned, how well, and whether it serves."""
    _say(
        console,
        f"Model {data['model_id']}: {data['model']} of {data['league']}, learned from {data['matches']:,} "
        f"matches known until {_minute(data['trained_until'])}, {data['features']} features",
    )
    _say_scores(console, data["model"], data)
    serves = "promoted, it serves the league" if data["promoted"] else "not promoted"
    _say(console, f"{serves[0].upper()}{serves[1:]}: {data['reason']}.")
    seconds = data["seconds"]
    stages = ", ".join(f"{name} {spent:.1f}" for name, spent in seconds.items() if name != "total")
    _say(console, f"{seconds['total']:.1f} s ({stages})", style="dim")
    if data["promoted"]:
        _say(console, f"Next: sportsplat predict {data['league']}")


def show_list(console: Console, data: JsonObject) -> None:
    """Draw one row a model."""
    if not data["models"]:
        _say(console, "No model is stored. To make one: sportsplat train LEAGUE")
        return
    table = _table("id", "league", "model", "trained until", "serves")
    for name in ("matches", "log loss", "ours − Elo's (95%)"):
        table.add_column(name, justify="right")
    for model in data["models"]:
        table.add_row(
            str(model["model_id"]),
            model["league"],
            model["model"],
            _minute(model["trained_until"]),
            "yes" if model["serves"] else "",
            f"{model['matches']:,}",
            _number(model["scores"].get("log_loss")),
            _gap(model["elo"]) if model["model"] != "elo" else "",
            style="bold" if model["serves"] else None,
        )
    console.print(table)


def show_card(console: Console, data: JsonObject) -> None:
    """Draw a card: facts, parameters, scores, features, promotions."""
    card = data["card"]
    table = _table("", "")
    table.show_header = False
    facts = {
        "model": f"{data['model_id']}, {data['model']} of {data['league']}",
        "serves": "yes" if data["serves"] else "no",
        "trained until": data["trained_until"],
        "stored at": data["created_at"],
        "matches": f"{card['matches']:,}",
        "outcomes": ", ".join(card["outcomes"]),
        "uses odds": "yes: no evidence of an edge over those odds" if card["uses_odds"] else "no",
        "seed": card["seed"],
        "features": f"{data['features']}, manifest {data['manifest']}" if data["manifest"] else "none",
        "data": card["data_fingerprint"],
        "parameters": _flat(card["parameters"]),
        "packages": ", ".join(f"{name} {version}" for name, version in card["packages"].items()),
    }
    for name, value in facts.items():
        table.add_row(name, str(value))
    console.print(table)
    _say_scores(console, data["model"], card)
    for candidate in card["candidates"]:
        _say(console, f"tried: {_flat(candidate)}", style="dim")
    if data["manifest"]:
        _say(console, f"features: {', '.join(card['features'])}", style="dim")
    for promotion in data["promotions"]:
        _say(console, f"promoted {_minute(promotion['promoted_at'])}: {promotion['reason']}")


def show_comparison(console: Console, data: JsonObject) -> None:
    """Draw both models' scores, and say on which matches."""
    if data["basis"] == "later_matches":
        _say(
            console, f"{data['matches']:,} matches from {data['from']} to {data['to']}, after both cut-offs:"
        )
    elif data["same_matches"]:
        _say(console, "No match was played after both cut-offs. Out of fold, on as many matches of one span:")
    else:
        _say(
            console,
            "No match was played after both cut-offs. Out of fold, each on matches of its own; only their "
            "distances from Elo compare:",
        )
    table = _score_table()
    table.add_column("ours − Elo's (95%)", justify="right")
    for model, scores in zip(data["models"], data["scores"], strict=True):
        gap = _gap(model["elo"]) if data["basis"] == "out_of_fold" and model["model"] != "elo" else ""
        _add_scores(table, f"model {model['model_id']} ({model['model']})", scores, gap)
    console.print(table)
    if data["paired"]:
        _say(console, f"first − second: {_gap(data['paired'])}")


def show_predictions(console: Console, data: JsonObject) -> None:
    """Draw one row a match: who plays, our probabilities, the fair and the offered price, the best edge."""
    if data["message"]:
        message: str = data["message"]
        _say(console, f"Nothing to predict: {message}.")
        return
    _say(
        console,
        f"{data['league']}, model {data['model_id']} ({data['model']}), {data['from']} to {data['to']}",
    )
    priced = any(prediction["entry_price"] for prediction in data["predictions"])
    table = _table("kick-off (UTC)", "match")
    for outcome in data["outcomes"]:
        table.add_column(outcome, justify="right")
    table.add_column("fair odds", justify="right")
    if priced:
        table.add_column("offered", justify="right")
        table.add_column("best edge", justify="right")
    for prediction in data["predictions"]:
        table.add_row(*_prediction_cells(prediction, priced))
    console.print(table)
    for prediction in data["predictions"]:
        if prediction.get("explanation"):
            _explain(console, prediction)
    if priced:
        _say(
            console, "An edge is what our probability promises at the offered price; it may be wrong.", "dim"
        )


def _prediction_cells(prediction: Mapping[str, Any], priced: bool) -> list[str]:
    when = prediction["match_date"] if prediction["day_precision"] else _minute(prediction["kickoff_utc"])
    teams = f"{prediction['home']} – {prediction['away']}{' (neutral)' if prediction['neutral'] else ''}"
    shares = [f"{share:.1%}" for share in prediction["probabilities"].values()]
    cells = [when, teams, *shares, _odds(prediction["fair_odds"])]
    if not priced:
        return cells
    edge = prediction["edge"]
    best = max(edge, key=lambda outcome: edge[outcome]) if edge else ""
    return [
        *cells,
        _odds(prediction["entry_price"] or {}),
        f"{best} {minus(f'{edge[best]:+.1%}')}" if best else "",
    ]


def _explain(console: Console, prediction: Mapping[str, Any]) -> None:
    why = prediction["explanation"]
    parts = [("Elo", why["elo"]), ("home advantage beyond Elo's", why["home"])]
    parts += [(_named(part), part["contribution"]) for part in why["features"]]
    parts += [("all other features", why["rest"])] if why["rest"] else []
    said = "; ".join(f"{name} {_signed(value)}" for name, value in parts)
    teams = f"{prediction['home']} – {prediction['away']}"
    _say(console, f"{teams}: latent strength {_signed(why['latent'])} = {said}")


def _signed(value: float, digits: int = 3) -> str:
    return minus(f"{value:+.{digits}f}")


def _named(part: Mapping[str, Any]) -> str:
    value = "missing" if part["value"] is None else f"{part['value']:.4g}"
    return f"{part['feature']} ({value})"


def _say_scores(console: Console, model: str, card: Mapping[str, Any]) -> None:
    validated = card["validated"]
    if not card["scores"]:
        _say(console, "Too few matches to hold any out: there are no scores.")
        return
    _say(
        console,
        f"On {validated['matches']:,} matches from {validated['from']} to {validated['to']}, each forecast "
        "by a model that had not seen it:",
    )
    table = _score_table()
    table.add_column("ours − theirs (95%)", justify="right")
    _add_scores(table, model, card["scores"], "", style="bold")
    for name, scores in card["baselines"].items():
        if name != model:
            _add_scores(table, NAMES.get(name, name), scores, _gap(card["paired"][name]))
    console.print(table)


def _score_table() -> Table:
    table = _table("")
    for name in ("log loss", "Brier", "RPS", "accuracy", "ECE"):
        table.add_column(name, justify="right")
    return table


def _add_scores(
    table: Table, name: str, scores: Mapping[str, Any], gap: str, style: str | None = None
) -> None:
    cells = [_number(scores.get(score)) for score in SCORES]
    table.add_row(name, *cells, gap, style=style)


def _gap(paired: Mapping[str, Any] | None) -> str:
    if paired is None:
        return ""
    interval = None if None in paired["ci95"] else paired["ci95"]
    return f"{_signed(paired['log_loss_difference'], 4)} ({in_words(interval)})"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _odds(odds: Mapping[str, float | None]) -> str:
    return " / ".join("–" if value is None else f"{value:.2f}" for value in odds.values())


def _flat(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} ({_flat(value)})" if isinstance(value, Mapping) else f"{name} {_short(value)}"
        for name, value in values.items()
    )


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")


def _say(console: Console, text: str, style: str | None = None) -> None:
    console.print(text, markup=False, highlight=False, style=style, soft_wrap=True)


def _table(*names: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name)
    return table
