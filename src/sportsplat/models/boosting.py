"""Fit boosting on Elo inside the training window: choose, blend and calibrate on later matches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from sportsplat.domain import JsonObject
from sportsplat.models.calibration import fit_blend, no_blend
from sportsplat.models.dataset import BoolArray, Dataset, FloatArray, IntArray, recency
from sportsplat.models.elo import LinearPart, elo_linear_part, fit_linear_part
from sportsplat.models.gbm import Blend, Boosting
from sportsplat.models.ordered_logit import outcome_probabilities
from sportsplat.models.score import log_loss_each
from sportsplat.models.splits import Fold
from sportsplat.models.trees import Grower, Rows, TreeParameters, side_swap_of

# Chosen on EPL 2003-2016, NBA 1985-1998 and NFL 1978-1998: see docs/models.md.
STANDING = (
    TreeParameters(leaves=6, min_leaf=300, rate=0.04, l2=50.0, feature_share=0.3, half_life=10.0),
    TreeParameters(leaves=3, min_leaf=300, rate=0.06, l2=50.0, feature_share=0.3, half_life=10.0),
)


def candidates(random: int, seed: int) -> list[TreeParameters]:
    """Return the standing candidates and `random` drawn ones; the same seed draws the same."""
    rng = np.random.default_rng(seed)
    return [*STANDING, *(_drawn(rng) for _ in range(random))]


def _drawn(rng: np.random.Generator) -> TreeParameters:
    return TreeParameters(
        leaves=int(rng.integers(2, 13)),
        min_leaf=int(rng.integers(50, 501)),
        rate=round(float(rng.uniform(0.02, 0.1)), 3),
        l2=round(float(np.exp(rng.uniform(np.log(5), np.log(500)))), 1),
        feature_share=round(float(rng.uniform(0.15, 0.7)), 2),
        half_life=float(rng.choice([3.0, 5.0, 10.0, 30.0])),
    )


STEP = 10  # trees between two looks at the validation loss
MOST_LOOKS = 30
PATIENCE = 5  # looks without improvement after which a candidate is given up


@dataclass(frozen=True)
class Part:
    """One fold's later matches: the forecast of a linear part fitted on earlier ones, and the outcomes.

    latent (n,) strength by the linear part, neutral (n,) 0 or 1, values (n, f) features, shares (n, k) of
    outcomes.
    """

    known: Rows
    season: IntArray
    validation: IntArray
    gap: float
    latent: FloatArray
    neutral: FloatArray
    values: FloatArray
    shares: FloatArray


@dataclass(frozen=True)
class Trial:
    """One candidate: corrections of each part, (looks, n) a part, and summed log losses (parts, looks).

    Look i is taken after i * STEP trees; look 0 is the linear part alone. No parameters means no trees ever.
    """

    parameters: TreeParameters | None
    parts: tuple[Part, ...]
    corrections: tuple[FloatArray, ...]
    losses: FloatArray

    def curve(self, parts: int) -> FloatArray:
        """Return (looks,) summed losses on the first `parts` parts, up to where these alone give it up."""
        curve: FloatArray = self.losses[:parts].sum(axis=0)
        return curve[: _given_up(curve)]


@dataclass(frozen=True)
class Choice:
    """A trial and the look at which it is stopped."""

    trial: Trial
    look: int

    @property
    def rounds(self) -> int:
        """Number of trees."""
        return self.look * STEP

    def correction(self, part: int) -> FloatArray:
        """Return (n,) the chosen trees' corrections for the matches of one part."""
        chosen: FloatArray = self.trial.corrections[part][self.look]
        return chosen


def learning_rows(train: Dataset, linear: LinearPart) -> Rows:
    """Return the rows that trees learn from: all matches of `train`, offset by their linear part."""
    values = train.features.to_numpy(dtype=np.float64)
    swap = side_swap_of(train.names)
    return Rows(values, linear.latent(train.features), train.outcomes, linear.elo.gap, swap)


def make_parts(
    train: Dataset, folds: Sequence[Fold], fit: Callable[[Dataset], LinearPart]
) -> tuple[Part, ...]:
    """Return one part per fold, in order of time, each with a linear part fitted on its earlier matches."""
    return tuple(
        _part(train.take(fold.train), train.take(fold.validation), fold.validation, fit) for fold in folds
    )


def _part(known: Dataset, later: Dataset, rows: IntArray, fit: Callable[[Dataset], LinearPart]) -> Part:
    linear = fit(known)
    return Part(
        known=learning_rows(known, linear),
        season=known.season,
        validation=rows,
        gap=linear.elo.gap,
        latent=linear.latent(later.features),
        neutral=later.neutral.astype(np.float64),
        values=later.features.to_numpy(dtype=np.float64),
        shares=later.outcomes,
    )


def grower(rows: Rows, season: IntArray, parameters: TreeParameters, seed: int, threads: int) -> Grower:
    """Open a boosting run in which a match counts half after `parameters.half_life` seasons."""
    return Grower(rows, recency(season, parameters.half_life), parameters, seed=seed, threads=threads)


def without_trees(parts: tuple[Part, ...]) -> Trial:
    """Return the trial that is never given a tree."""
    nothing = tuple(np.zeros((1, len(part.latent))) for part in parts)
    return Trial(None, parts, nothing, np.array([[_loss(part, part.latent * 0.0)] for part in parts]))


def try_out(parts: tuple[Part, ...], parameters: TreeParameters, *, seed: int, threads: int) -> Trial:
    """Grow one candidate on all parts at once until their summed loss has stopped to fall.

    The first part alone, the first two and so on must have stopped as well: what earlier parts choose may not
    depend on when later ones gave up.
    """
    growers = [grower(part.known, part.season, parameters, seed, threads) for part in parts]
    corrections = [[np.zeros(len(part.latent))] for part in parts]
    losses = [[_loss(part, seen[0]) for part, seen in zip(parts, corrections, strict=True)]]
    while len(losses) <= MOST_LOOKS and _still_falling(np.array(losses)):
        for grown, part, seen in zip(growers, parts, corrections, strict=True):
            first = grown.grow(STEP)
            seen.append(seen[-1] + grown.correction(part.values, first))
        losses.append([_loss(part, seen[-1]) for part, seen in zip(parts, corrections, strict=True)])
    return Trial(parameters, parts, tuple(np.stack(seen) for seen in corrections), np.array(losses).T)


def _still_falling(losses: FloatArray) -> bool:
    curves = np.cumsum(losses, axis=1).T
    return any(_given_up(curve) is None for curve in curves)


def _given_up(curve: FloatArray) -> int | None:
    """Return how many looks it took until the loss had not fallen for PATIENCE of them; None: not yet."""
    return next(
        (look + 1 for look in range(PATIENCE, len(curve)) if look - np.argmin(curve[: look + 1]) >= PATIENCE),
        None,
    )


def _loss(part: Part, correction: FloatArray) -> float:
    probabilities = outcome_probabilities(part.latent + correction, part.gap, part.shares.shape[1])
    return float(log_loss_each(probabilities, part.shares).sum())


def choose(trials: Sequence[Trial], parts: int) -> Choice:
    """Return the trial and look with the smallest summed loss on the first `parts` parts."""
    curves = [trial.curve(parts) for trial in trials]
    best = int(np.argmin([curve.min() for curve in curves]))
    return Choice(trials[best], int(np.argmin(curves[best])))


MEMORY_SEASONS = 15  # older matches cost time and gained nothing that showed: see docs/models.md


@dataclass(frozen=True)
class BoostingFit:
    """The predictor, its out-of-fold probabilities (n, k), what was chosen, and every candidate's score."""

    predictor: Boosting
    oof: FloatArray
    parameters: JsonObject
    candidates: list[JsonObject]


def recent_seasons(train: Dataset) -> BoolArray:
    """Return a mask (n,) of the seasons that trees learn from, the last MEMORY_SEASONS."""
    recent: BoolArray = train.season > train.season.max() - MEMORY_SEASONS
    return recent


def fit_boosting(train: Dataset, folds: Sequence[Fold], *, seed: int, threads: int, tune: int) -> BoostingFit:
    """Fit on every match of `train` (all with known results), choosing by `folds`; deterministic for a seed.

    Without folds nothing can be chosen, and the predictor is Elo without trees.
    """
    if not folds:
        linear = elo_linear_part(train)
        nothing = np.full(train.outcomes.shape, np.nan)
        return BoostingFit(Boosting(linear, no_blend(linear.elo.gap), train.names, ""), nothing, {}, [])
    parts = make_parts(train, folds, fit_linear_part)
    trials = [
        without_trees(make_parts(train, folds, elo_linear_part)),
        *(try_out(parts, p, seed=seed, threads=threads) for p in candidates(tune, seed)),
    ]
    choice = choose(trials, len(folds))
    linear = elo_linear_part(train) if choice.trial is trials[0] else fit_linear_part(train)
    blend = _blend(choice, len(folds), linear.elo.gap)
    booster = _booster(train, linear, choice, seed, threads)
    return BoostingFit(
        predictor=Boosting(linear, blend, train.names, booster),
        oof=_out_of_fold(train, trials),
        parameters=_chosen(linear, choice, blend),
        candidates=[_summary(trial) for trial in trials],
    )


def _chosen(linear: LinearPart, choice: Choice, blend: Blend) -> JsonObject:
    trees = choice.trial.parameters
    return {
        "start": asdict(linear.elo) | {"weights": dict(linear.weights)},
        "trees": None if trees is None else trees.to_dict(),
        "rounds": choice.rounds,
        "blend": asdict(blend),
        "memory_seasons": MEMORY_SEASONS,
    }


def _booster(train: Dataset, linear: LinearPart, choice: Choice, seed: int, threads: int) -> str:
    parameters = choice.trial.parameters
    if parameters is None or not choice.rounds:
        return ""
    grown = grower(learning_rows(train, linear), train.season, parameters, seed, threads)
    grown.grow(choice.rounds)
    return grown.text()


def _blend(choice: Choice, parts_seen: int, gap: float) -> Blend:
    parts = choice.trial.parts[:parts_seen]
    return fit_blend(
        np.concatenate([part.latent for part in parts]),
        np.concatenate([part.neutral for part in parts]),
        np.concatenate([choice.correction(index) for index in range(len(parts))]),
        np.concatenate([part.shares for part in parts]),
        gap,
    )


def _out_of_fold(train: Dataset, trials: Sequence[Trial]) -> FloatArray:
    """Forecast each part as it would have been then: candidate, rounds and blend from earlier parts alone.

    The first part has none before it; its rows stay NaN.
    """
    oof = np.full(train.outcomes.shape, np.nan)
    for index in range(1, len(trials[0].parts)):
        choice = choose(trials, index)
        part = choice.trial.parts[index]
        blend = _blend(choice, index, part.gap)
        latent = blend.latent(part.latent, part.neutral, choice.correction(index))
        oof[part.validation] = outcome_probabilities(latent, blend.gap, train.outcomes.shape[1])
    return oof


def _summary(trial: Trial) -> JsonObject:
    """Describe a candidate by its mean validation loss at its best look, beside that of its linear part."""
    curve = trial.curve(len(trial.parts)) / sum(len(part.latent) for part in trial.parts)
    look = int(np.argmin(curve))
    return {
        "trees": None if trial.parameters is None else trial.parameters.to_dict(),
        "rounds": look * STEP,
        "log_loss": float(curve[look]),
        "start_log_loss": float(curve[0]),
    }
