"""How models, their scores and their forecasts look on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sportsplat.backtest.report import in_words, minus
from sportsplat.cli.views.tables import PlainTable
from sportsplat.jobs.modelling.results import (
    Contribution,
    ExplainedPrediction,
    Explanation,
    ModelComparison,
    ModelDetails,
    ModelList,
    PairedScore,
    Prediction,
    Predictions,
    Scores,
    Training,
)

if TYPE_CHECKING:
    from rich.console import Console


SCORES = ("log_loss", "brier", "rps", "accuracy", "ece")
GAP_TO_ELO = "ours − Elo's (95%)"
NAMES = {"base_rate": "base rate", "elo": "Elo"}


def show_training(console: Console, training: Training) -> None:
    """Say what was learned, how well, and whether it serves."""
    _say(
        console,
        f"Model {training.model_id}: {training.model} of {training.league}, learned from "
        f"{training.matches:,} matches from {training.learned.start} to {training.learned.end} "
        f"({training.learned.seasons} seasons), {training.features} features",
    )
    _say_scores(
        console, training.model, training.validated, training.scores, training.baselines, training.paired
    )
    market = training.market
    if market is not None:
        _say(
            console,
            f"The market is {market.prices}, margin removed, on {market.matches:,} of these matches. "
            "No price touches the model.",
        )
    for note in training.notes:
        _say(console, note, style="yellow")
    serves = "promoted, it serves the league" if training.promoted else "not promoted"
    _say(console, f"{serves[0].upper()}{serves[1:]}: {training.reason}.")
    seconds = training.seconds
    stages = ", ".join(f"{name} {spent:.1f}" for name, spent in seconds.items() if name != "total")
    _say(console, f"{seconds['total']:.1f} s ({stages})", style="dim")
    _say(console, f"Next: {_after_training(training)}")


def _after_training(training: Training) -> str:
    """Return the next command: for a model that does not serve, what helps it or what serves instead."""
    league, model_id = training.league, training.model_id
    if training.promoted:
        return f"sportsplat predict {league}"
    if training.model != "gbm":
        return f"sportsplat models promote {model_id}   (to let it serve {league} all the same)"
    return (
        f"sportsplat train {league} --model elo   (Elo can serve at once; more seasons or --tune 20 may help "
        f"this one; sportsplat models promote {model_id} --force lets it serve as it is)"
    )


def show_list(console: Console, listed: ModelList) -> None:
    """Draw one row a model."""
    if not listed.models:
        _say(console, "No model is stored. To make one: sportsplat train LEAGUE")
        return
    table = PlainTable().number("id").text("model").value("trained\nuntil")
    table.number("matches").value("in\nuse").number("log\nloss").text(GAP_TO_ELO)
    for model in listed.models:
        table.row(
            model.model_id,
            f"{model.league} {model.model}",
            f"{model.trained_until:%Y-%m-%d}",
            f"{model.matches:,}",
            "yes" if model.serves else "",
            _number(None if model.scores is None else model.scores.log_loss),
            _gap(model.elo) if model.model != "elo" else "",
            style="bold" if model.serves else None,
        )
    console.print(table)


def show_card(console: Console, model: ModelDetails) -> None:
    """Draw a card: facts, parameters, scores, features, promotions."""
    card = model.card
    table = PlainTable(header=False).value().text()
    facts = {
        "model": f"{model.model_id}, {model.model} of {model.league}",
        "serves": "yes" if model.serves else "no",
        "trained until": model.trained_until.isoformat(),
        "stored at": model.created_at.isoformat(),
        "matches": f"{card['matches']:,}" + _window(card),
        "outcomes": ", ".join(card["outcomes"]),
        "uses odds": "yes: no evidence of an edge over those odds" if card["uses_odds"] else "no",
        "seed": card["seed"],
        "features": f"{model.features}, manifest {model.manifest}" if model.manifest else "none",
        "data": card["data_fingerprint"],
        "parameters": _flat(card["parameters"]),
        "packages": ", ".join(f"{name} {version}" for name, version in card["packages"].items()),
    }
    for name, value in facts.items():
        table.row(name, value)
    console.print(table)
    _say_scores(
        console,
        model.model,
        card["validated"],
        model.scores,
        Scores.of_each(card["baselines"]),
        PairedScore.of_each(card["paired"]),
    )
    for candidate in card["candidates"]:
        _say(console, f"tried: {_flat(candidate)}", style="dim")
    if model.manifest:
        _say(console, f"features: {', '.join(card['features'])}", style="dim")
    for promotion in model.promotions:
        _say(console, f"promoted {_minute(promotion.promoted_at)}: {promotion.reason}")


def _window(card: Mapping[str, Any]) -> str:
    """Return the days learned from; cards of earlier versions do not have them."""
    learned = card.get("learned")
    return f" from {learned['from']} to {learned['to']}, {learned['seasons']} seasons" if learned else ""


def show_comparison(console: Console, comparison: ModelComparison) -> None:
    """Draw both models' scores, and say on which matches."""
    if comparison.basis == "later_matches":
        _say(
            console,
            f"{comparison.matches:,} matches from {comparison.start} to {comparison.end}, "
            "after both cut-offs:",
        )
    elif comparison.same_matches:
        _say(console, "No match was played after both cut-offs. Out of fold, on as many matches of one span:")
    else:
        _say(
            console,
            "No match was played after both cut-offs. Out of fold, each on matches of its own; only their "
            "distances from Elo compare:",
        )
    table = _score_table(GAP_TO_ELO)
    for model, scores in zip(comparison.models, comparison.scores, strict=True):
        gap = _gap(model.elo) if comparison.basis == "out_of_fold" and model.model != "elo" else ""
        _add_scores(table, f"model {model.model_id} ({model.model})", scores, gap)
    console.print(table)
    if comparison.paired is not None:
        _say(console, f"first − second: {_gap(comparison.paired)}")


def show_predictions(console: Console, predictions: Predictions) -> None:
    """Draw each match: who plays, our probabilities, the fair odds, the offered price, its edge."""
    if predictions.message:
        _say(console, f"Nothing to predict: {predictions.message}.")
        return
    _say(
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
        _say(
            console, "An edge is what our probability promises at the offered price; it may be wrong.", "dim"
        )
    if predictions.price_note:
        _say(console, f"{predictions.price_note}.", "dim")


def _add_prediction(table: PlainTable, prediction: Prediction, *, priced: bool) -> None:
    """Add a match: a line each for our probabilities, the fair odds, the price that is offered, the edge."""
    when = str(prediction.match_date) if prediction.day_precision else _minute(prediction.kickoff_utc)
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
    said = "; ".join(f"{name} {_signed(value)}" for name, value in parts)
    teams = f"{prediction.home} – {prediction.away}"
    _say(console, f"{teams}: latent strength {_signed(why.latent)} = {said}")


def _signed(value: float, digits: int = 3) -> str:
    return minus(f"{value:+.{digits}f}")


def _named(part: Contribution) -> str:
    value = "missing" if part.value is None else f"{part.value:.4g}"
    return f"{part.feature} ({value})"


def _say_scores(
    console: Console,
    model: str,
    validated: Mapping[str, Any],
    scores: Scores | None,
    baselines: Mapping[str, Scores],
    paired: Mapping[str, PairedScore],
) -> None:
    if scores is None:
        _say(console, "Too few matches to hold any out: there are no scores.")
        return
    _say(
        console,
        f"On {validated['matches']:,} matches from {validated['from']} to {validated['to']}, each forecast "
        "by a model that had not seen it:",
    )
    table = _score_table("ours − theirs (95%)")
    _add_scores(table, model, scores, "", style="bold")
    for name, baseline in baselines.items():
        if name != model:
            _add_scores(table, NAMES.get(name, name), baseline, _gap(paired[name]))
    console.print(table)


def _score_table(gap: str) -> PlainTable:
    return PlainTable().text("").number("log\nloss", "Brier", "RPS", "accuracy", "ECE").text(gap)


def _add_scores(
    table: PlainTable, name: str, scores: Scores | None, gap: str, style: str | None = None
) -> None:
    cells = [_number(None if scores is None else getattr(scores, score)) for score in SCORES]
    table.row(name, *cells, gap, style=style)


def _gap(paired: PairedScore | None) -> str:
    if paired is None:
        return ""
    return f"{_signed(paired.log_loss_difference, 4)} ({in_words(paired.interval)})"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _flat(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} ({_flat(value)})" if isinstance(value, Mapping) else f"{name} {_short(value)}"
        for name, value in values.items()
    )


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _say(console: Console, text: str, style: str | None = None) -> None:
    console.print(text, markup=False, highlight=False, style=style)
