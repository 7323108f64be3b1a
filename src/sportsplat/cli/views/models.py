"""What `sportsplat train` and `models` print: scores, lists, cards and comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sportsplat.cli.views.tables import PlainTable, say, signed, to_minute
from sportsplat.jobs.modelling.results import (
    ModelComparison,
    ModelDetails,
    ModelList,
    PairedScore,
    Scores,
    Training,
)
from sportsplat.number_text import in_words

if TYPE_CHECKING:
    from rich.console import Console


SCORES = ("log_loss", "brier", "rps", "accuracy", "ece")
GAP_TO_ELO = "ours − Elo's (95%)"
NAMES = {"base_rate": "base rate", "elo": "Elo"}


def show_training(console: Console, training: Training) -> None:
    """Print what was learned, how well, and whether the model is promoted."""
    say(
        console,
        f"Model {training.model_id}: {training.model} of {training.league}, trained on "
        f"{training.matches:,} matches from {training.learned.start} to {training.learned.end} "
        f"({training.learned.seasons} seasons), {training.features} features",
    )
    _say_scores(
        console, training.model, training.validated, training.scores, training.baselines, training.paired
    )
    market = training.market
    if market is not None:
        say(
            console,
            f"The market is {market.prices}, margin removed, on {market.matches:,} of these matches. "
            "The model was fitted without them.",
        )
    for note in training.notes:
        say(console, note, style="yellow")
    serves = "promoted, the league uses it now" if training.promoted else "not promoted"
    say(console, f"{serves[0].upper()}{serves[1:]}: {training.reason}.")
    seconds = training.seconds
    stages = ", ".join(f"{name} {spent:.1f}" for name, spent in seconds.items() if name != "total")
    say(console, f"{seconds['total']:.1f} s ({stages})", style="dim")
    say(console, f"Next: {_after_training(training)}")


def _after_training(training: Training) -> str:
    """Return the next command: for a model that does not serve, what helps it or what serves instead."""
    league, model_id = training.league, training.model_id
    if training.promoted:
        return f"sportsplat predict {league}"
    if training.model != "gbm":
        return f"sportsplat models promote {model_id}   (to use it for {league} anyway)"
    return (
        f"sportsplat train {league} --model elo   (Elo can be used at once; more seasons or --tune 20 may"
        f" help this one; sportsplat models promote {model_id} --force promotes it anyway)"
    )


def show_list(console: Console, listed: ModelList) -> None:
    """Draw one row a model."""
    if not listed.models:
        say(console, "No model is stored. To make one: sportsplat train LEAGUE")
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
        say(console, f"tried: {_flat(candidate)}", style="dim")
    if model.manifest:
        say(console, f"features: {', '.join(card['features'])}", style="dim")
    for promotion in model.promotions:
        say(console, f"promoted {to_minute(promotion.promoted_at)}: {promotion.reason}")


def _window(card: Mapping[str, Any]) -> str:
    """Return the days learned from; cards of earlier versions do not have them."""
    learned = card.get("learned")
    return f" from {learned['from']} to {learned['to']}, {learned['seasons']} seasons" if learned else ""


def show_comparison(console: Console, comparison: ModelComparison) -> None:
    """Draw both models' scores, and say on which matches."""
    if comparison.basis == "later_matches":
        say(
            console,
            f"{comparison.matches:,} matches from {comparison.start} to {comparison.end}, "
            "after both cut-offs:",
        )
    elif comparison.same_matches:
        say(console, "No match was played after both cut-offs. Out of fold, on as many matches of one span:")
    else:
        say(
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
        say(console, f"first − second: {_gap(comparison.paired)}")


def _say_scores(
    console: Console,
    model: str,
    validated: Mapping[str, Any],
    scores: Scores | None,
    baselines: Mapping[str, Scores],
    paired: Mapping[str, PairedScore],
) -> None:
    if scores is None:
        say(console, "Too few matches to hold any out: there are no scores.")
        return
    say(
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
    return f"{signed(paired.log_loss_difference, 4)} ({in_words(paired.interval)})"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _flat(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} ({_flat(value)})" if isinstance(value, Mapping) else f"{name} {_short(value)}"
        for name, value in values.items()
    )


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
