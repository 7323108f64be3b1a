"""What `sportsplat predict` prints: each match with our probabilities, fair odds, offered prices and edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sportsplat.cli.views.tables import PlainTable, say, signed, to_minute
from sportsplat.jobs.modelling.results import (
    Contribution,
    ExplainedPrediction,
    Explanation,
    Prediction,
    Predictions,
)
from sportsplat.number_text import minus

if TYPE_CHECKING:
    from rich.console import Console


def show_predictions(console: Console, predictions: Predictions) -> None:
    """Draw each match: who plays, our probabilities, the fair odds, the offered price, its edge."""
    if predictions.message:
        say(console, f"Nothing to predict: {predictions.message}.")
        return
    say(
        console,
        f"{predictions.league}, model {predictions.model_id} ({predictions.model}), "
        f"{predictions.start} to {predictions.end}",
    )
    priced = any(prediction.entry_price for prediction in predictions)
    table = PlainTable().value("kick-off (UTC)").text("match").value().number(*predictions.outcomes)
    for prediction in predictions:
        _add_prediction(table, prediction, priced=priced)
    console.print(table)
    for prediction in predictions:
        if isinstance(prediction, ExplainedPrediction) and prediction.explanation is not None:
            _explain(console, prediction, prediction.explanation)
    if priced:
        say(console, "Edge = model probability × price − 1. It is only as good as the model.", "dim")
    if predictions.price_note:
        say(console, f"{predictions.price_note}.", "dim")


def _add_prediction(table: PlainTable, prediction: Prediction, *, priced: bool) -> None:
    """Add a match: a line each for our probabilities, the fair odds, the price that is offered, the edge."""
    when = str(prediction.match_date) if prediction.day_precision else to_minute(prediction.kickoff_utc)
    teams = f"{prediction.home} –\n{prediction.away}{' (neutral)' if prediction.neutral else ''}"
    outcomes = prediction.probabilities
    lines = [
        ("model", {outcome: f"{share:.1%}" for outcome, share in outcomes.items()}),
        ("fair odds", {outcome: _price(price) for outcome, price in prediction.fair_odds.items()}),
    ]
    if priced:
        offered, edge = prediction.entry_price or {}, prediction.edge or {}
        lines.append(("offered", {outcome: _price(price) for outcome, price in offered.items()}))
        lines.append(("edge", {outcome: minus(f"{value:+.1%}") for outcome, value in edge.items()}))
    table.row(
        when,
        teams,
        "\n".join(name for name, _ in lines),
        *("\n".join(cells.get(outcome, "–") for _, cells in lines) for outcome in outcomes),
    )


def _price(decimal_odds: float | None) -> str:
    return "–" if decimal_odds is None else f"{decimal_odds:.2f}"


def _explain(console: Console, prediction: Prediction, why: Explanation) -> None:
    parts = [("Elo", why.elo), ("home advantage beyond Elo's", why.home)]
    parts += [(_named(part), part.contribution) for part in why.features]
    parts += [("all other features", why.rest)] if why.rest else []
    said = "; ".join(f"{name} {signed(value)}" for name, value in parts)
    teams = f"{prediction.home} – {prediction.away}"
    say(console, f"{teams}: latent strength {signed(why.latent)} = {said}")


def _named(part: Contribution) -> str:
    value = "missing" if part.value is None else f"{part.value:.4g}"
    return f"{part.feature} ({value})"
