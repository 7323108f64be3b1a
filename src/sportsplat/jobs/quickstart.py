"""The whole way on a simulated league: up, simulate and ingest, train, backtest with a report, predict.

Every step can be repeated: a second run takes the state that it finds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sportsplat.results import Result

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings
    from sportsplat.jobs.context import Context
    from sportsplat.jobs.environment import DatabaseStatus
    from sportsplat.jobs.ingest.report import IngestReport
    from sportsplat.jobs.modelling.results import Backtest, Predictions, Training

LEAGUE = "sim"
BACKTESTED_SEASONS = 3
COMING_DAYS = 14
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Quickstart(Result):
    """What each step found. `report` is a path; `log_loss` is by model and baseline; `seconds` by step."""

    environment: DatabaseStatus
    ingest: IngestReport
    train: Training
    backtest: Backtest
    predictions: Predictions
    report: str
    log_loss: Mapping[str, float]
    seconds: Mapping[str, float]


def quickstart(settings: Settings, *, seasons: int, seed: int, report: Path, tell: Tell) -> Quickstart:
    """Go the whole way and return what each step found.

    seasons: simulated seasons up to the one in play, at least BACKTESTED_SEASONS + 1. seed: of the league and
    of every fit. report: where the HTML report of the backtest goes. tell: hears a line when a step begins.

    Raises what the steps raise; steps that were done stay done.
    """
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.environment import up

    settings = _without_download(settings)
    seconds: dict[str, float] = {}

    def step(name: str, line: str, work: Callable[[], Any]) -> Any:
        tell(line)
        started = time.perf_counter()
        found = work()
        seconds[name] = round(time.perf_counter() - started, 2)
        return found

    environment = step("up", "bringing PostgreSQL up", lambda: up(settings))
    context = open_context(settings)

    from sportsplat.jobs.ingest.ingest import ingest
    from sportsplat.jobs.modelling.backtest import Request, backtest
    from sportsplat.jobs.modelling.predict import predict
    from sportsplat.sources.simulate import recent_seasons

    now = datetime.now(UTC)
    played = recent_seasons(now, seasons)
    stored = step(
        "ingest",
        f"simulating seasons {played[0]} to {played[-1]} of a league with known probabilities",
        lambda: ingest(context, "simulate", [], league=LEAGUE, seasons=played, options={"seed": seed}),
    )
    trained = step("train", "training a model on all of them", lambda: _train(context, seed))
    first_day = datetime(played[-BACKTESTED_SEASONS], 1, 1, tzinfo=UTC).date()
    request = Request(LEAGUE, start=first_day, seed=seed, report=report)
    tested = step(
        "backtest",
        f"backtesting {BACKTESTED_SEASONS} seasons, with a model refitted before each",
        lambda: backtest(context, request),
    )
    coming = step(
        "predict",
        f"predicting the next {COMING_DAYS} days",
        lambda: predict(context, LEAGUE, since=now.date(), until=now.date() + timedelta(days=COMING_DAYS)),
    )
    return Quickstart(
        environment=environment,
        ingest=stored,
        train=trained,
        backtest=tested,
        predictions=coming,
        report=str(report),
        log_loss={
            "model": tested.log_loss,
            **{name: found.log_loss for name, found in tested.baselines.items() if found is not None},
        },
        seconds=seconds,
    )


def _without_download(settings: Settings) -> Settings:
    """Return settings that mean the embedded server where nothing was decided: it needs no image."""
    from sportsplat.infra.backend import holds_data

    decided = settings.infra.backend != "auto" or settings.infra.database_url is not None
    if decided or holds_data(settings) is not None:
        return settings
    return settings.model_copy(update={"infra": settings.infra.model_copy(update={"backend": "embedded"})})


def _train(context: Context, seed: int) -> Training:
    """Train boosting; where too few seasons let it not beat Elo and nothing serves yet, Elo serves."""
    from sportsplat.jobs.modelling.train import train

    trained = train(context, LEAGUE, seed=seed)
    if not trained.promoted:
        train(context, LEAGUE, kind="elo", seed=seed)
    return trained
