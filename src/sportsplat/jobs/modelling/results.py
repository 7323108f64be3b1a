"""What the jobs about models return. Probabilities are from 0 to 1, log loss is in nats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sportsplat.domain import JsonObject
from sportsplat.results import Result, if_none, named, not_in_json

if TYPE_CHECKING:
    from sportsplat.backtest.report import View
    from sportsplat.db.write.staging import Tally


@dataclass(frozen=True)
class Scores(Result):
    """Mean scores over matches; lower is better, except accuracy.

    `rps` is None for two outcomes. `ece`: expected calibration error.
    """

    log_loss: float
    brier: float
    accuracy: float
    rps: float | None
    ece: float

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Scores:
        """Return scores from a mapping with these keys."""
        return cls(**{name: values[name] for name in ("log_loss", "brier", "accuracy", "rps", "ece")})

    @classmethod
    def of_each(cls, values: Mapping[str, Mapping[str, Any]]) -> dict[str, Scores]:
        """Return scores by name."""
        return {name: cls.of(each) for name, each in values.items()}


@dataclass(frozen=True)
class BaselineScores(Scores):
    """Scores of a baseline, and on how many matches it has a forecast."""

    matches: int

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> BaselineScores:
        """Return scores from a mapping with these keys."""
        return cls(**values)


@dataclass(frozen=True)
class PairedScore(Result):
    """Our mean log loss minus a baseline's on the same matches: negative means that ours is better.

    ci95: the 95% interval, None where there are too few match days; its ends are None where infinite.
    """

    matches: int
    log_loss_difference: float
    ci95: Sequence[float | None] | None

    @property
    def interval(self) -> list[float] | None:
        """The 95% interval, None where it is unknown or infinite."""
        edges = [edge for edge in self.ci95 or () if edge is not None]
        return edges if len(edges) == 2 else None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> PairedScore:
        """Return the difference from a mapping with these keys."""
        return cls(**values)

    @classmethod
    def of_each(cls, values: Mapping[str, Mapping[str, Any]]) -> dict[str, PairedScore]:
        """Return differences by name."""
        return {name: cls.of(each) for name, each in values.items()}


@dataclass(frozen=True)
class Learned(Result):
    """Local days of the first and the last match that a model learned from, and their number of seasons."""

    start: str = field(metadata=named("from"))
    end: str = field(metadata=named("to"))
    seasons: int


@dataclass(frozen=True)
class MarketScores(Result):
    """Which closing prices, margin removed, were scored on the held-out matches; they never touch a model."""

    prices: str | None
    devig: str
    matches: int


@dataclass(frozen=True)
class Training(Result):
    """A stored model: what it learned from, its scores on matches it had not seen, whether it was promoted.

    `trained_until`: when the last result learned from was known, ISO 8601. `validated` has `matches`, and
    `from` and `to` where there are any. Where too few matches were known to hold any out, `scores` is None,
    and `baselines` and `paired` are empty. `seconds` by stage.
    """

    model_id: int
    league: str
    model: str
    trained_until: str
    until: date | None
    matches: int
    learned: Learned
    features: int
    manifest: str
    data_fingerprint: str
    seed: int
    parameters: JsonObject
    candidates: Sequence[JsonObject]
    validated: JsonObject
    scores: Scores | None = field(metadata=if_none({}))
    baselines: Mapping[str, Scores]
    paired: Mapping[str, PairedScore]
    market: MarketScores | None
    promoted: bool
    reason: str
    notes: Sequence[str]
    seconds: Mapping[str, float]

    @property
    def log_loss(self) -> float | None:
        """Log loss on matches that the model had not seen, in nats; None where none was held out."""
        return None if self.scores is None else self.scores.log_loss


@dataclass(frozen=True)
class ServingChange(Result):
    """Which model serves a league after `promote` or `rollback`, and which one did before."""

    league: str
    model_id: int
    previous: int | None
    changed: bool


@dataclass(frozen=True)
class Contribution(Result):
    """What one feature added to the home side's latent strength, in logits; `value` None: missing."""

    feature: str
    value: float | None
    contribution: float


@dataclass(frozen=True)
class Explanation(Result):
    """The home side's latent strength in logits, `latent`, and its parts.

    `elo`: the rating difference. `home`: home advantage beyond Elo's. `features`: the largest contributions
    of the trees. `rest`: the sum of their others.
    """

    latent: float
    elo: float
    home: float
    features: Sequence[Contribution]
    rest: float


@dataclass(frozen=True)
class Prediction(Result):
    """One match to come. `probabilities`, `fair_odds`, `entry_price` and `edge` are by outcome, odds decimal.

    `day_precision`: only the day is known; then `kickoff_utc` is its beginning. `entry_price` is what the
    bookmaker `quoted_by` offers, `edge` is probability times price minus 1; None without a price.
    """

    match_id: int
    kickoff_utc: datetime
    day_precision: bool
    match_date: date
    home: str
    away: str
    neutral: bool
    probabilities: Mapping[str, float]
    fair_odds: Mapping[str, float | None]
    entry_price: Mapping[str, float] | None
    quoted_by: str | None
    edge: Mapping[str, float] | None


@dataclass(frozen=True)
class ExplainedPrediction(Prediction):
    """A prediction with what moved it; None for a model that looks at no feature."""

    explanation: Explanation | None


@dataclass(frozen=True)
class Predictions(Result):
    """Forecasts of one league for the local days `start` to `end`, both included.

    `stored`: how many differ from the model's last forecast of the match. `message`: why there are none.
    `price_note`: why matches have no entry price. Iterating gives the predictions.
    """

    league: str
    model_id: int
    model: str
    as_of: datetime
    start: date = field(metadata=named("from"))
    end: date = field(metadata=named("to"))
    outcomes: Sequence[str]
    stored: int
    message: str | None
    price_note: str | None
    predictions: Sequence[Prediction]

    def __iter__(self) -> Iterator[Prediction]:
        return iter(self.predictions)

    def __len__(self) -> int:
        return len(self.predictions)


@dataclass(frozen=True)
class LeaguePredictions(Result):
    """Forecasts of several leagues."""

    leagues: Sequence[Predictions]


@dataclass(frozen=True)
class ModelSummary(Result):
    """A stored model in short. `scores` is None where no match was held out; `elo`: our score minus Elo's."""

    model_id: int
    league: str
    model: str
    created_at: datetime
    trained_until: datetime
    matches: int
    features: int
    validated: JsonObject
    scores: Scores | None = field(metadata=if_none({}))
    elo: PairedScore | None
    beats_elo: bool
    seed: int
    parameters: JsonObject


@dataclass(frozen=True)
class ListedModel(ModelSummary):
    """A stored model in short, and whether it serves its league."""

    serves: bool


@dataclass(frozen=True)
class ModelList(Result):
    """Stored models, newest first."""

    models: Sequence[ListedModel]


@dataclass(frozen=True)
class ModelPromotion(Result):
    """When a model was promoted, and why."""

    promoted_at: datetime
    reason: str


@dataclass(frozen=True)
class ModelDetails(ListedModel):
    """A stored model with its whole card and its promotions, oldest first."""

    manifest: str | None
    card: JsonObject
    promotions: Sequence[ModelPromotion]


@dataclass(frozen=True)
class ModelComparison(Result):
    """Two models of one league on the same matches.

    `basis`: `later_matches`, those after both were trained, or `out_of_fold`, while there are none; then
    `same_matches` says whether both were scored on the same ones. `scores` has one entry a model, None where
    no match was held out. `paired`: the first model's log loss minus the second's.
    """

    league: str
    models: Sequence[ModelSummary]
    basis: str
    same_matches: bool
    matches: int | None
    start: str | None = field(metadata=named("from"))
    end: str | None = field(metadata=named("to"))
    scores: Sequence[Scores | None]
    paired: PairedScore | None

    def to_dict(self) -> JsonObject:
        """Return the JSON object; a model without scores has an empty one."""
        answer = super().to_dict()
        return answer | {"scores": [each or {} for each in answer["scores"]]}


@dataclass(frozen=True)
class Backtest(Result):
    """A stored backtest: scores of the model and of baselines on the same matches, and bets.

    `start` and `end` are local days. `baselines` are None where a baseline has no forecast. `betting` is None
    without an entry price; its keys are in docs/backtest.md. `calibration`: `ece`, `ci95`, `chance95`.
    `fingerprint`: SHA-256 of data, settings and code. `seconds` by stage. `view`: what a report shows.
    """

    run_id: str
    league: str
    model: str
    seed: int
    matches: int
    folds: int
    start: str = field(metadata=named("from"))
    end: str = field(metadata=named("to"))
    refit: str
    outcomes: Sequence[str]
    forecast: Scores
    baselines: Mapping[str, BaselineScores | None]
    paired: Mapping[str, PairedScore]
    betting: JsonObject | None
    benchmark_price: str | None
    blocks: Sequence[JsonObject]
    calibration: JsonObject
    notes: Sequence[str]
    configuration: JsonObject
    packages: Mapping[str, str]
    fingerprint: Mapping[str, str]
    seconds: Mapping[str, float]
    report: str | None
    view: View = field(metadata=not_in_json(), repr=False)

    @property
    def log_loss(self) -> float:
        """Log loss of the model, in nats."""
        return self.forecast.log_loss


@dataclass(frozen=True)
class FeatureSet(Result):
    """What was built for a league: `names` of the features, `stored` rows, where they were written.

    `as_of`: the moment of the past that was used, None for now; then nothing is stored. `stored`: rows that
    are inserted, updated and unchanged. `seconds` by stage.
    """

    league: str
    as_of: datetime | None
    matches: int
    played: int
    features: int
    names: Sequence[str]
    manifest: str
    stored: Tally | None
    out: str | None
    seconds: Mapping[str, float]
