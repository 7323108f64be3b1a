"""The Python surface: a project, and a method for each command of data and models.

    import sportsplat

    with sportsplat.open("path/of/project") as p:
        p.up()
        p.ingest("football-data", league="epl", seasons=[2023])
        training = p.train("epl")
        print(training.log_loss, p.features("epl"))

Methods have the options of their command, under the same names. What is stored comes as pandas frames, what a
job did as a typed result with `to_dict()`. Errors are those of `sportsplat.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sportsplat.errors import UsageError

if TYPE_CHECKING:
    from types import TracebackType

    import pandas as pd

    from sportsplat.config.settings import Settings
    from sportsplat.jobs.context import Context
    from sportsplat.jobs.environment import DatabaseStatus, DownResult
    from sportsplat.jobs.ingest.report import IngestReport
    from sportsplat.jobs.ingest.runs import UndoReport
    from sportsplat.jobs.ingest.sync import SyncReport
    from sportsplat.jobs.modelling.audit import LeakageAudit
    from sportsplat.jobs.modelling.results import (
        Backtest,
        ModelComparison,
        ModelDetails,
        ModelList,
        Predictions,
        ServingChange,
        Training,
    )
    from sportsplat.jobs.quality import ConflictReport
    from sportsplat.quality.report import QualityReport

Day = date | str
File = str | Path


class Project:
    """One project folder: its settings, its leagues, its database. The current folder plays no part.

    Leaving a `with` block leaves the database running, as the command line does; `down` stops it.
    """

    def __init__(
        self, path: File, *, profile: str | None = None, settings: Mapping[str, Any] | None = None
    ) -> None:
        self.path = Path(path).expanduser().absolute()
        self._profile = profile
        self._overrides = dict(settings or {})
        if not self.path.is_dir():
            raise UsageError(f"there is no folder {self.path}", fix=f"mkdir -p {self.path}", code="NO_FOLDER")

    def __enter__(self) -> Project:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open between two calls."""

    def __repr__(self) -> str:
        return f"sportsplat.open({str(self.path)!r})"

    @cached_property
    def settings(self) -> Settings:
        """The settings of the project, read once."""
        from sportsplat.config.load import load_settings

        return load_settings(project_dir=self.path, profile=self._profile, overrides=self._overrides)

    @cached_property
    def _context(self) -> Context:
        from sportsplat.jobs.context import open_context

        return open_context(self.settings)

    def up(self, *, reinit: bool = False, reset_password: bool = False) -> DatabaseStatus:
        """Make the database run and bring its schema to the newest revision. Safe to repeat."""
        from sportsplat.jobs.environment import up

        return up(self.settings, reinit=reinit, reset_password=reset_password)

    def status(self) -> DatabaseStatus:
        """Look at the database; nothing is changed or started."""
        from sportsplat.jobs.environment import status

        return status(self.settings)

    def down(self, *, volumes: bool = False) -> DownResult:
        """Stop the database; with `volumes` delete its data too, without asking."""
        from sportsplat.jobs.environment import down

        return down(self.settings, volumes=volumes)

    def ingest(
        self,
        source: str,
        files: File | Sequence[File] = (),
        *,
        league: str | None = None,
        seasons: Sequence[int] = (),
        since: Day | None = None,
        as_of: Day | None = None,
        accept_changes: bool = False,
        dry_run: bool = False,
        mapping: File | None = None,
    ) -> IngestReport:
        """Store files of a source; without files, what its site gives for `seasons`, the years they start in.

        `mapping`: with the source `table`, a YAML file that says what the columns mean.
        """
        paths = [Path(files)] if isinstance(files, str | Path) else [Path(file) for file in files]
        first, moment = _day(since), _day(as_of)
        known = None if moment is None else datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
        if mapping is not None:
            from sportsplat.jobs.ingest.table import ingest_tables

            if source != "table" or league is not None:
                raise UsageError(
                    "mapping is of the source table, and names the league itself",
                    fix='ingest("table", files, mapping="mapping.yaml")',
                    code="NOT_A_TABLE",
                )
            return ingest_tables(
                self._context,
                paths,
                Path(mapping),
                seasons=seasons,
                since=first,
                dry_run=dry_run,
                as_of=known,
                accept_changes=accept_changes,
            )
        from sportsplat.jobs.ingest.ingest import ingest

        return ingest(
            self._context,
            source,
            paths,
            league=league,
            seasons=seasons,
            since=first,
            dry_run=dry_run,
            as_of=known,
            accept_changes=accept_changes,
        )

    def matches(
        self,
        league: str | None = None,
        *,
        seasons: Sequence[int] = (),
        start: Day | None = None,
        end: Day | None = None,
        out: File | None = None,
    ) -> pd.DataFrame:
        """Return stored matches, one a row; without a league those of all, with a column `league`.

        `start`, `end`: first and last match day. `out`: also write them to a .csv or .parquet file.
        """
        from sportsplat.jobs.frames import matches

        table = matches(self._context, league, seasons=seasons, start=_day(start), end=_day(end))
        return _written(table, out)

    def quotes(
        self,
        league: str | None = None,
        *,
        market: Literal["result", "spread", "total"] = "result",
        bookmakers: Sequence[str] = (),
        seasons: Sequence[int] = (),
        start: Day | None = None,
        end: Day | None = None,
        out: File | None = None,
    ) -> pd.DataFrame:
        """Return stored prices, one outcome a row, odds decimal; leagues, days and `out` as for `matches`."""
        from sportsplat.jobs.frames import quotes

        table = quotes(
            self._context,
            league,
            market=market,
            bookmakers=bookmakers,
            seasons=seasons,
            start=_day(start),
            end=_day(end),
        )
        return _written(table, out)

    def features(self, league: str, *, as_of: str | None = None, out: File | None = None) -> pd.DataFrame:
        """Return one row a match: features, result and the market; nothing is stored in the database.

        `attrs["features"]`, `attrs["results"]` and `attrs["market"]` name the columns. A model may learn from
        the features only: the others were not known before the match. `as_of`: a day or an ISO moment.
        """
        from sportsplat.jobs.modelling.features import features_frame

        return _written(features_frame(self._context, league, as_of=as_of), out)

    def predictions(
        self,
        league: str | None = None,
        *,
        model_id: int | None = None,
        start: Day | None = None,
        end: Day | None = None,
        out: File | None = None,
    ) -> pd.DataFrame:
        """Return stored forecasts, one a row, with `p_<outcome>`; leagues, days, `out` as for `matches`."""
        from sportsplat.jobs.frames import predictions

        table = predictions(self._context, league, model_id=model_id, start=_day(start), end=_day(end))
        return _written(table, out)

    def bets(
        self,
        league: str | None = None,
        *,
        run_id: str | None = None,
        start: Day | None = None,
        end: Day | None = None,
        out: File | None = None,
    ) -> pd.DataFrame:
        """Return the bets of one backtest, by default the newest; leagues, days, `out` as for `matches`."""
        from sportsplat.jobs.frames import bets

        return _written(bets(self._context, league, run_id=run_id, start=_day(start), end=_day(end)), out)

    def quality(self, league: str, *, seasons: Sequence[int] = (), html: File | None = None) -> QualityReport:
        """Report what is stored of a league and what is missing; `html`: also write the page."""
        from sportsplat.jobs.quality import quality

        return quality(self._context, league, seasons=seasons, html=None if html is None else Path(html))

    def conflicts(
        self, league: str, *, seasons: Sequence[int] = (), field: str | None = None, limit: int | None = None
    ) -> ConflictReport:
        """Return where sources differ from the values in use, newest first; `limit` None: all."""
        from sportsplat.jobs.quality import conflicts

        return conflicts(self._context, league, seasons=seasons, field=field, limit=limit)

    def sync(
        self,
        leagues: Sequence[str] = (),
        *,
        since: Day | None = None,
        days: int = 7,
        strict: bool = False,
    ) -> SyncReport:
        """Bring leagues (default: all that are stored) up to date from their live sources."""
        from sportsplat.jobs.ingest.sync import sync

        return sync(self._context, leagues, since=_day(since), days=days, strict=strict)

    def undo(self, run: int, *, dry_run: bool = False, with_predictions: bool = False) -> UndoReport:
        """Undo one ingest run; `with_predictions`: also delete forecasts and bets of the removed matches."""
        from sportsplat.jobs.ingest.runs import undo

        return undo(self._context, run, dry_run=dry_run, with_predictions=with_predictions)

    def audit_leakage(self, league: str, *, samples: int = 25, seed: int | None = None) -> LeakageAudit:
        """Remove later data, rebuild the features and compare; raises LeakageFound for one that changed."""
        from sportsplat.jobs.modelling.audit import audit_leakage

        return audit_leakage(self._context, league, samples=samples, seed=seed)

    def train(
        self,
        league: str,
        *,
        model: str = "gbm",
        until: Day | None = None,
        tune: int = 0,
        seed: int | None = None,
    ) -> Training:
        """Fit a model to everything known at the end of the day `until`, by default now, and store it."""
        from sportsplat.jobs.modelling.train import train

        return train(self._context, league, kind=model, until=_day(until), tune=tune, seed=seed)

    def predict(
        self,
        league: str,
        *,
        date: Day | None = None,
        days: int | None = None,
        model_id: int | None = None,
        explain: bool = False,
    ) -> Predictions:
        """Forecast the matches of one day, or of the next `days` (default 7), and store the forecasts."""
        from sportsplat.jobs.modelling.predict import predict

        if date is not None and days is not None:
            raise UsageError("date and days exclude each other", fix=f"predict({league!r}, days={days})")
        day = _day(date)
        return predict(
            self._context, league, since=day, until=day, days=days, model_id=model_id, explain=explain
        )

    def backtest(
        self,
        league: str,
        *,
        model: str = "gbm",
        start: Day | None = None,
        end: Day | None = None,
        refit: Literal["season", "month", "week"] = "season",
        report: File | None = None,
        seed: int | None = None,
    ) -> Backtest:
        """Walk a model forward through stored matches and bet with it; `start` and `end` are both included.

        A model of kind gbm is fitted in this process alone, so that a script needs no `__main__` guard.
        """
        from sportsplat.jobs.modelling.backtest import Request, backtest

        request = Request(
            league=league,
            model=model,
            start=_day(start),
            end=_day(end),
            refit=refit,
            seed=seed,
            report=None if report is None else Path(report),
            workers=1,
        )
        return backtest(self._context, request)

    def models(self, league: str | None = None) -> ModelList:
        """List stored models, newest first, of one league or of all."""
        from sportsplat.jobs.modelling.models import list_models

        return list_models(self._context, league)

    def model(self, model_id: int) -> ModelDetails:
        """Return a stored model with its card and its promotions."""
        from sportsplat.jobs.modelling.models import show_model

        return show_model(self._context, model_id)

    def compare(self, first: int, second: int) -> ModelComparison:
        """Score two stored models on the same matches, those played after both were trained."""
        from sportsplat.jobs.modelling.models import compare

        return compare(self._context, first, second)

    def promote(self, model_id: int, *, force: bool = False) -> ServingChange:
        """Let a model serve its league; `force`: even if it does not beat Elo."""
        from sportsplat.jobs.modelling.train import promote

        return promote(self._context, model_id, force=force)

    def rollback(self, league: str) -> ServingChange:
        """Return to the model that served before the newest promotion."""
        from sportsplat.jobs.modelling.train import rollback

        return rollback(self._context, league)


def open_project(
    path: File = ".", *, profile: str | None = None, settings: Mapping[str, Any] | None = None
) -> Project:
    """Return the project in the folder `path`; `sportsplat.open` is this function.

    profile: overlay `config/settings.PROFILE.yaml`. settings: values by dotted key that count more than files
    and variables, `{"infra.backend": "embedded"}`. Raises UsageError (NO_FOLDER).
    """
    return Project(path, profile=profile, settings=settings)


def _day(day: Day | None) -> date | None:
    """Read a day, as a date or as text: 2024-08-16. Raises UsageError (BAD_MOMENT)."""
    if not isinstance(day, str):
        return day.date() if isinstance(day, datetime) else day
    try:
        return date.fromisoformat(day)
    except ValueError as unreadable:
        raise UsageError(
            f"{day!r} is no day", fix="write it as 2024-08-16", code="BAD_MOMENT"
        ) from unreadable


def _written(table: pd.DataFrame, out: File | None) -> pd.DataFrame:
    if out is not None:
        from sportsplat.jobs.frames import refuse_format, write_table

        refuse_format(Path(out))
        write_table(table, Path(out))
    return table
