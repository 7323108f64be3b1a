"""Grow every candidate on every fold, round by round, and keep what it says of later matches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sportsplat.models.dataset import Dataset, FloatArray, IntArray, recency
from sportsplat.models.elo_link import EloLink, fit_elo_link
from sportsplat.models.link import link_probabilities
from sportsplat.models.mirror import mirror_of
from sportsplat.models.score import log_loss_each
from sportsplat.models.splits import Fold
from sportsplat.models.trees import Grower, Rows, TreeParameters

STEP = 10  # trees between two looks at the validation loss
MOST_LOOKS = 30
PATIENCE = 5  # looks without improvement after which a candidate is given up


@dataclass(frozen=True)
class Part:
    """One fold's later matches: what Elo, fitted on the fold's earlier ones, says of them, and what happened.

    latent (n,) Elo's latent strength, neutral (n,) 0 or 1, values (n, f) features, shares (n, k) outcomes.
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

    Look i is taken after i * STEP trees; look 0 is Elo.
    """

    parameters: TreeParameters
    corrections: tuple[FloatArray, ...]
    losses: FloatArray


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


def learning_rows(train: Dataset, elo: EloLink) -> Rows:
    """Return what trees learn from: all matches of `train`, with Elo's latent strength as their start."""
    values = train.features.to_numpy(dtype=np.float64)
    return Rows(values, elo.latent(train.features), train.outcomes, np.ones(len(train)), elo.gap)


def make_parts(train: Dataset, folds: Sequence[Fold]) -> list[Part]:
    """Return one part per fold, in order of time."""
    return [_part(train.take(fold.train), train.take(fold.validation), fold) for fold in folds]


def _part(known: Dataset, later: Dataset, fold: Fold) -> Part:
    elo = fit_elo_link(known)
    return Part(
        known=learning_rows(known, elo),
        season=known.season,
        validation=fold.validation,
        gap=elo.gap,
        latent=elo.latent(later.features),
        neutral=later.neutral.astype(np.float64),
        values=later.features.to_numpy(dtype=np.float64),
        shares=later.outcomes,
    )


def grower(
    rows: Rows, season: IntArray, names: Sequence[str], parameters: TreeParameters, seed: int, threads: int
) -> Grower:
    """Open a boosting run in which a match counts half after `parameters.half_life` seasons."""
    weight = recency(season, parameters.half_life)
    weighted = Rows(rows.values, rows.offset, rows.shares, weight, rows.gap)
    return Grower(weighted, mirror_of(names), parameters, seed=seed, threads=threads)


def try_out(
    parts: Sequence[Part], names: Sequence[str], parameters: TreeParameters, *, seed: int, threads: int
) -> Trial:
    """Grow one candidate on all parts at once until their summed loss has stopped to fall."""
    growers = [grower(part.known, part.season, names, parameters, seed, threads) for part in parts]
    corrections = [[np.zeros(len(part.latent))] for part in parts]
    losses = [[_loss(part, seen[0]) for part, seen in zip(parts, corrections, strict=True)]]
    while len(losses) <= MOST_LOOKS and len(losses) - _best(losses) <= PATIENCE:
        for grown, part, seen in zip(growers, parts, corrections, strict=True):
            first = grown.grow(STEP)
            seen.append(seen[-1] + grown.correction(part.values, first))
        losses.append([_loss(part, seen[-1]) for part, seen in zip(parts, corrections, strict=True)])
    return Trial(parameters, tuple(np.stack(seen) for seen in corrections), np.array(losses).T)


def _best(losses: list[list[float]]) -> int:
    return int(np.argmin([sum(look) for look in losses]))


def _loss(part: Part, correction: FloatArray) -> float:
    probabilities = link_probabilities(part.latent + correction, part.gap, part.shares.shape[1])
    return float(log_loss_each(probabilities, part.shares).sum())


def choose(trials: Sequence[Trial], parts: int) -> Choice:
    """Return the trial and look with the smallest summed loss on the first `parts` parts."""
    curves = [trial.losses[:parts].sum(axis=0) for trial in trials]
    best = int(np.argmin([curve.min() for curve in curves]))
    return Choice(trials[best], int(np.argmin(curves[best])))
