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
    models = group(app, "models", "List, compare and promote stored models.")
    command(models, "list")(models_list)
    command(models, "show")(models_show)
    command(models, "compare")(models_compare)
    command(models, "promote")(models_promote)
    command(models, "rollback")(models_rollback)
    command(app, "predict")(predict)


def train(
    ctx: Run,
    league: LeagueCode,
    model: Annotated[str, typer.Option(help="Kind of model: gbm, elo or base_rate.")] = "gbm",
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
            help="Use only what was known at the end of this day. Default: now.",
        ),
    ] = None,
    tune: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="Number of random parameter sets to try in addition to the default ones."
        ),
    ] = 0,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Random seed. Default: the setting models.seed.")
    ] = None,
) -> Answer:
    """Fit a model to all known matches, score it on held-out later matches, and store it with its card."""
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
    """List stored models, newest first, each compared with Elo on held-out matches."""
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.modelling.models import list_models as run

    listed = run(open_context(ctx.settings()), league)

    def show(console: Console) -> None:
        from sportsplat.cli.views.models import show_list

        show_list(console, listed)

    return Answer(listed.to_dict(), show)


def models_show(ctx: Run, model_id: ModelId) -> Answer:
    """Show a model card: training data, parameters and scores on held-out matches."""
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.modelling.models import show_model as run

    model = run(open_context(ctx.settings()), model_id)

    def show(console: Console) -> None:
        from sportsplat.cli.views.models import show_card

        show_card(console, model)

    return Answer(model.to_dict(), show)


def models_compare(
    ctx: Run,
    first: Annotated[int, typer.Argument(metavar="A", help="Number of a stored model.", show_default=False)],
    second: Annotated[
        int, typer.Argument(metavar="B", help="Number of another stored model.", show_default=False)
    ],
) -> Answer:
    """Score two models on the same matches, played after both were trained."""
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
        bool, typer.Option("--force", help="Promote even if it does not beat Elo on held-out matches.")
    ] = False,
) -> Answer:
    """Promote a model, so that its league uses it. Refused if it does not beat Elo on held-out matches."""
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.modelling.train import promote as run

    change = run(open_context(ctx.settings()), model_id, force=force)
    if change.changed:
        text = f"model {model_id} serves {change.league}, after {_model(change.previous)}"
    else:
        text = f"model {model_id} serves {change.league} already"
    return Answer.text(change.to_dict(), text)


def models_rollback(ctx: Run, league: LeagueCode) -> Answer:
    """Return to the model that was promoted before."""
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
            help="League codes. Default: all with a promoted model.",
            autocompletion=league_codes,
        ),
    ] = None,
    date: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Only matches on this day."),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Matches up to this many days ahead. Default: 7."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what contributed to each forecast.")
    ] = False,
    model_id: Annotated[
        int | None,
        typer.Option(metavar="ID", help="Model to use. Default: the promoted model of the league."),
    ] = None,
) -> Answer:
    """Forecast upcoming matches, show each beside the offered price, and store the forecasts.

    sportsplat predict epl --days 3
    sportsplat predict              every league with a promoted model
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
            "--model-id needs the one league that the model forecasts",
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
        from sportsplat.cli.views.predict import show_predictions

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
