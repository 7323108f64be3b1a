"""Grow every candidate on every fold, round by round, and keep what it says of later matches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sportsplat.models.dataset import Dataset, FloatArray, IntArray, recency
from sportsplat.models.link import link_probabilities
from sportsplat.models.mirror import mirror_of
from sportsplat.models.score import log_loss_each
from sportsplat.models.splits import Fold
from sportsplat.models.start import Start
from sportsplat.models.trees import Grower, Rows, TreeParameters

STEP = 10  # trees between two looks at the validation loss
MOST_LOOKS = 30
PATIENCE = 5  # looks without improvement after which a candidate is given up


@dataclass(frozen=True)
class Part:
    """One fold's later matches: what the start, fitted on earlier ones, says of them, and what happened.

    latent (n,) strength by the start, neutral (n,) 0 or 1, values (n, f) features, shares (n, k) outcomes.
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

    Look i is taken after i * STEP trees; look 0 is the start alone. No parameters means no trees ever.
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


def learning_rows(train: Dataset, start: Start) -> Rows:
    """Return what trees learn from: all matches of `train`, from the start's latent strength on."""
    values = train.features.to_numpy(dtype=np.float64)
    mirror = mirror_of(train.names)
    return Rows(values, start.latent(train.features), train.outcomes, start.elo.gap, mirror)


def make_parts(train: Dataset, folds: Sequence[Fold], fit: Callable[[Dataset], Start]) -> tuple[Part, ...]:
    """Return one part per fold, in order of time, each with a start fitted on its earlier matches."""
    return tuple(
        _part(train.take(fold.train), train.take(fold.validation), fold.validation, fit) for fold in folds
    )


def _part(known: Dataset, later: Dataset, rows: IntArray, fit: Callable[[Dataset], Start]) -> Part:
    start = fit(known)
    return Part(
        known=learning_rows(known, start),
        season=known.season,
        validation=rows,
        gap=start.elo.gap,
        latent=start.latent(later.features),
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
    probabilities = link_probabilities(part.latent + correction, part.gap, part.shares.shape[1])
    return float(log_loss_each(probabilities, part.shares).sum())


def choose(trials: Sequence[Trial], parts: int) -> Choice:
    """Return the trial and look with the smallest summed loss on the first `parts` parts."""
    curves = [trial.curve(parts) for trial in trials]
    best = int(np.argmin([curve.min() for curve in curves]))
    return Choice(trials[best], int(np.argmin(curves[best])))
