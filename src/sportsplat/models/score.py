"""How good probabilities were: proper scores per match and in the mean, and paired differences.

Probabilities and outcomes are (n, k) over the league's outcomes in their order; outcome rows sum to 1 and may
share a tie (.5/.5). Every score is better when lower, except accuracy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sportsplat.domain import JsonObject
from sportsplat.models.calibration import NORMAL_95, expected_calibration_error
from sportsplat.models.dataset import FloatArray

SMALLEST_PROBABILITY = 1e-15  # a forecast of 0 that happens costs 34.5 nats instead of infinity


def log_loss_each(probabilities: FloatArray, outcomes: FloatArray) -> FloatArray:
    """Return (n,) natural-log losses: minus the sum over outcomes of share times log probability."""
    losses: FloatArray = -(outcomes * np.log(np.maximum(probabilities, SMALLEST_PROBABILITY))).sum(axis=1)
    return losses


def brier_each(probabilities: FloatArray, outcomes: FloatArray) -> FloatArray:
    """Return (n,) Brier scores: summed over three or more outcomes, of the home probability alone for two."""
    squares = (probabilities - outcomes) ** 2
    return squares[:, 0] if squares.shape[1] == 2 else squares.sum(axis=1)


def accuracy_each(probabilities: FloatArray, outcomes: FloatArray) -> FloatArray:
    """Return (n,) shares of the result that the likeliest outcome took; equally likely ones share evenly."""
    likeliest = probabilities == probabilities.max(axis=1, keepdims=True)
    hits: FloatArray = (likeliest * outcomes).sum(axis=1) / likeliest.sum(axis=1)
    return hits


def rps_each(probabilities: FloatArray, outcomes: FloatArray) -> FloatArray:
    """Return (n,) ranked probability scores in [0, 1]: squared differences of cumulative shares over k - 1.

    Source: Epstein (1969), normalised as in Constantinou and Fenton (2012).
    """
    gaps = np.cumsum(probabilities - outcomes, axis=1)[:, :-1]
    distances: FloatArray = (gaps**2).mean(axis=1)
    return distances


def scores(probabilities: FloatArray, outcomes: FloatArray) -> JsonObject:
    """Return log_loss, brier, accuracy, rps (None for two outcomes) and ece, the keys of the command line.

    Raises ValueError on no rows, on shapes that differ and on NaN: the mean over fewer matches would answer
    another question.
    """
    check_forecasts(probabilities, outcomes)
    return {
        "log_loss": float(log_loss_each(probabilities, outcomes).mean()),
        "brier": float(brier_each(probabilities, outcomes).mean()),
        "accuracy": float(accuracy_each(probabilities, outcomes).mean()),
        "rps": float(rps_each(probabilities, outcomes).mean()) if outcomes.shape[1] > 2 else None,
        "ece": expected_calibration_error(probabilities, outcomes),
    }


def check_forecasts(probabilities: FloatArray, outcomes: FloatArray) -> None:
    """Raise ValueError unless both are (n, k), n > 0, finite, and rows of probabilities sum to 1."""
    if probabilities.shape != outcomes.shape or probabilities.ndim != 2 or not len(probabilities):
        raise ValueError(f"cannot score forecasts {probabilities.shape} against outcomes {outcomes.shape}")
    if not (np.isfinite(probabilities).all() and np.isfinite(outcomes).all()):
        raise ValueError("cannot score rows with a missing probability or outcome")
    if np.abs(probabilities.sum(axis=1) - 1).max() > 1e-6:
        raise ValueError("probabilities do not sum to 1")


@dataclass(frozen=True)
class PairedDifference:
    """Our mean loss minus another's on the same matches; negative means ours is better."""

    matches: int
    difference: float
    ci95: tuple[float, float]

    def to_dict(self) -> JsonObject:
        """Return the object that the command line shows under `paired`."""
        return {
            "matches": self.matches,
            "log_loss_difference": self.difference,
            "ci95": list(self.ci95),
        }


def paired_difference(ours: FloatArray, theirs: FloatArray, blocks: npt.NDArray[Any]) -> PairedDifference:
    """Compare per-match losses (n,); in the 95% interval matches of one block (n,) may move together.

    The interval is normal with the cluster-robust standard error of the mean; blocks are usually match days.
    With a single block the interval is infinite.
    """
    gaps = ours - theirs
    mean = float(gaps.mean())
    _, block = np.unique(blocks, return_inverse=True)
    sums = np.bincount(block, weights=gaps - mean)
    if len(sums) < 2:
        return PairedDifference(len(gaps), mean, (-np.inf, np.inf))
    error = float(np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1)) / len(gaps))
    return PairedDifference(len(gaps), mean, (mean - NORMAL_95 * error, mean + NORMAL_95 * error))
