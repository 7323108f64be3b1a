"""`sportsplat train`, `models` and `predict`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sportsplat.cli.command import Answer, Run, command, group
from sportsplat.cli.complete import league_codes
from sportsplat.cli.help import LeagueCode

if TYPE_CHECKING:
    from datetime import date

    from rich.console import Console

ModelId = Annotated[int, typer.Argument(metavar="ID", help="Number of a stored model.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands about models."""
    command(app, "train")(train)
    models = group(app, "models", "Stored models: their cards, and which one serves its league.")
    command(models, "list")(models_list)
    command(models, "show")(models_show)
    command(models, "compare")(models_compare)
    command(models, "promote")(models_promote)
    command(models, "rollback")(models_rollback)
    command(app, "predict")(predict)


def train(
    ctx: Run,
    league: LeagueCode,
    model: Annotated[str, typer.Option(help="What to fit: gbm, elo, base_rate.")] = "gbm",
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Learn nothing after this day. Default: now."
        ),
    ] = None,
    tune: Annotated[
        int, typer.Option(min=0, metavar="N", help="Random parameter sets to try beside the standing ones.")
    ] = 0,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Seed. Default: models.seed.")] = None,
) -> Answer:
    """Fit a model to everything known, score it on later matches than it saw, and store it with its card."""
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.modelling.train import train as run

    with ctx.progress(f"train {league}") as progress:
        training = run(
            open_context(ctx.settings()),
            league,
            kind=model,
            until=_day(until),
            seed=seed,
            tune=tune,
            progress=progress,
        )

    def show(console: Console) -> None:
        from sportsplat.cli.views.models import show_training

        show_training(console, training)

    return Answer(training.to_dict(), show)


def models_list(
    ctx: Run,
    league: Annotated[
        str | None,
        typer.Argument(
            metavar="[LEAGUE]",
            help="Only models of this league.",
            show_default=False,
            autocompletion=league_codes,
        ),
    ] = None,
) -> Answer:
    """List stored models, newest first, each beside Elo on matches that it had not seen."""
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.modelling.models import list_models as run

    listed = run(open_context(ctx.settings()), league)

    def show(console: Console) -> None:
        from sportsplat.cli.views.models import show_list

        show_list(console, listed)

    return Answer(listed.to_dict(), show)


def models_show(ctx: Run, model_id: ModelId) -> Answer:
    """Show a model's card: what it was made from, what was chosen, how it did out of fold."""
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.modelling.models import show_model as run

    model = run(open_context(ctx.settings()), model_id)

    def show(console: Console) -> None:
        from sportsplat.cli.views.models import show_card

        show_card(console, model)

    return Answer(model.to_dict(), show)


def models_compare(
    ctx: Run,
    first: Annotated[int, typer.Argument(metavar="A", help="A stored model.", show_default=False)],
    second: Annotated[int, typer.Argument(metavar="B", help="Another one.", show_default=False)],
) -> Answer:
    """Score two models on the same matches, those played after both were trained."""
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.modelling.models import compare as run

    comparison = run(open_context(ctx.settings()), first, second)

    def show(console: Console) -> None:
        from sportsplat.cli.views.models import show_comparison

        show_comparison(console, comparison)

    return Answer(comparison.to_dict(), show)


def models_promote(
    ctx: Run,
    model_id: ModelId,
    force: Annotated[
        bool, typer.Option("--force", help="Even if it does not beat Elo on matches it had not seen.")
    ] = False,
) -> Answer:
    """Let a model serve its league; refused for one that does not beat Elo on matches it had not seen."""
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.modelling.train import promote as run

    change = run(open_context(ctx.settings()), model_id, force=force)
    if change.changed:
        text = f"model {model_id} serves {change.league}, after {_model(change.previous)}"
    else:
        text = f"model {model_id} serves {change.league} already"
    return Answer.text(change.to_dict(), text)


def models_rollback(ctx: Run, league: LeagueCode) -> Answer:
    """Return to the model that served before the newest promotion."""
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.modelling.train import rollback as run

    change = run(open_context(ctx.settings()), league)
    text = f"model {change.model_id} serves {change.league} again, after {_model(change.previous)}"
    return Answer.text(change.to_dict(), text)


def predict(
    ctx: Run,
    leagues: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[LEAGUE…]",
            help="Codes; none: each league that a model serves.",
            autocompletion=league_codes,
        ),
    ] = None,
    date: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Only matches of this day."),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Matches up to this many days ahead. Default: 7."),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Add what moved each forecast.")] = False,
    model_id: Annotated[
        int | None, typer.Option(metavar="ID", help="Model to ask. Default: the one that serves the league.")
    ] = None,
) -> Answer:
    """Forecast matches that are still to come, beside the price that is offered; store the forecasts.

    sportsplat predict epl --days 3
    sportsplat predict              every league that a model serves
    """
    from sportsplat.errors import UsageError
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.modelling.predict import predict_leagues

    codes = list(dict.fromkeys(leagues or ()))
    if date is not None and days is not None:
        raise UsageError(
            "--date and --days exclude each other",
            fix=f"{' '.join(['sportsplat predict', *codes])} --days {days}",
        )
    if model_id is not None and len(codes) != 1:
        raise UsageError(
            "--model-id needs the one league that the model forecasts.",
            cause=f"{len(codes)} leagues are named" if codes else "no league is named",
            fix=f"sportsplat predict {codes[0] if codes else 'LEAGUE'} --model-id {model_id}",
        )
    found = predict_leagues(
        open_context(ctx.settings()),
        codes,
        since=_day(date),
        until=_day(date),
        days=days,
        explain=explain,
        model_id=model_id,
    )

    def show(console: Console) -> None:
        from sportsplat.cli.views.models import show_predictions

        for place, one in enumerate(found.leagues):
            if place:
                console.print()
            show_predictions(console, one)

    answer = found.leagues[0] if len(codes) == 1 else found
    return Answer(answer.to_dict(), show)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _model(model_id: int | None) -> str:
    return "no other" if model_id is None else f"model {model_id}"
