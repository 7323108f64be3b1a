"""From the home side's latent strength to probabilities of two or three outcomes, and its fit to results.

Ordered logit with thresholds at plus and minus `gap` around the latent strength e:

    home = s(e - gap)      away = s(-e - gap)      draw = 1 - home - away       with s the logistic function

A league without draws has gap 0, which leaves the plain logistic regression. Source: McCullagh (1980).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportsplat.errors import InputRefused
from sportsplat.models.dataset import FloatArray

LARGEST_GAP = 8.0  # a draw of 99.9% between equals; keeps the optimiser out of overflow


def sigmoid(x: FloatArray) -> FloatArray:
    """Return the logistic function, without overflow for large negative values."""
    values: FloatArray = 0.5 * (1.0 + np.tanh(0.5 * x))
    return values


def link_probabilities(latent: FloatArray, gap: float, outcomes: int) -> FloatArray:
    """Return (n, outcomes) probabilities of home[, draw], away from latent strength (n,)."""
    home, away = _home_and_away(latent, gap)
    if outcomes == 2:
        return np.column_stack([home, away])
    return np.column_stack([home, np.maximum(1.0 - home - away, 0.0), away])


def slope_and_curvature(latent: FloatArray, gap: float, shares: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return slope and curvature (n,) of each row's log loss over its latent strength; curvature >= 0."""
    home, away = _home_and_away(latent, gap)
    won = shares[:, 0]
    bend_home = home * (1 - home)
    if shares.shape[1] == 2:
        return home - won, bend_home
    drawn, lost = shares[:, 1], shares[:, 2]
    bend_away = away * (1 - away)
    slope = lost * (1 - away) - won * (1 - home) - drawn * (away - home)
    return slope, (won + drawn) * bend_home + (lost + drawn) * bend_away


def _home_and_away(latent: FloatArray, gap: float) -> tuple[FloatArray, FloatArray]:
    home = sigmoid(latent - gap)
    return home, 1.0 - home if gap == 0.0 else sigmoid(-latent - gap)


@dataclass(frozen=True)
class LinkFit:
    """Coefficients (m,) of the latent strength and the gap of the thresholds (0 without draws)."""

    coefficients: FloatArray
    gap: float


@dataclass(frozen=True)
class Prior:
    """Where coefficients (m,) and gap lie without evidence, and the weight of that in matches."""

    coefficients: FloatArray
    gap: float
    matches: float


def fit_link(
    design: FloatArray, shares: FloatArray, prior: Prior, weights: FloatArray | None = None
) -> LinkFit:
    """Fit latent = design (n, m) @ coefficients and the gap by penalised maximum likelihood.

    shares (n, k) are outcome shares, weights (n,) relative trust in a row. The penalty is `prior.matches`
    times half the squared distance to the prior, so that a handful of rows cannot drive a coefficient to
    infinity. Raises InputRefused (LINK_NOT_FITTED) when the optimiser does not arrive.
    """
    from scipy.optimize import minimize  # here, because forecasting needs no optimiser

    weight = np.ones(len(design)) if weights is None else weights
    draws = shares.shape[1] == 3
    centre = np.append(prior.coefficients, np.log(prior.gap)) if draws else prior.coefficients

    def objective(position: FloatArray) -> tuple[float, FloatArray]:
        coefficients, gap = _unpack(position, draws)
        loss, slope = _loss(design, shares, weight, coefficients, gap)
        distance = position - centre
        loss += 0.5 * prior.matches * float(distance @ distance)
        return loss / len(design), (slope[: len(position)] + prior.matches * distance) / len(design)

    found = minimize(objective, centre, jac=True, method="L-BFGS-B", options={"maxiter": 500, "gtol": 1e-9})
    coefficients, gap = _unpack(found.x, draws)
    if not found.success or not np.isfinite(found.x).all():
        raise InputRefused(
            "the link from ratings to probabilities could not be fitted",
            cause=f"{len(design)} matches, optimiser says: {found.message}",
            fix="look at the stored matches with `sportsplat leagues`",
            code="LINK_NOT_FITTED",
        )
    return LinkFit(coefficients, gap)


def _unpack(position: FloatArray, draws: bool) -> tuple[FloatArray, float]:
    if not draws:
        return position, 0.0
    return position[:-1], float(np.exp(min(position[-1], np.log(LARGEST_GAP))))


def _loss(
    design: FloatArray, shares: FloatArray, weight: FloatArray, coefficients: FloatArray, gap: float
) -> tuple[float, FloatArray]:
    """Return the weighted log loss and its gradient by the coefficients and by the logarithm of the gap."""
    latent = design @ coefficients
    probabilities = np.maximum(link_probabilities(latent, gap, shares.shape[1]), 1e-300)
    loss = -float(weight @ (shares * np.log(probabilities)).sum(axis=1))
    slope, _ = slope_and_curvature(latent, gap, shares)
    by_coefficients = design.T @ (weight * slope)
    if shares.shape[1] == 2:
        return loss, by_coefficients
    home, draw, away = probabilities.T
    narrowing = shares[:, 0] * (1 - home) + shares[:, 2] * (1 - away)
    widening = shares[:, 1] * (home * (1 - home) + away * (1 - away)) / draw
    return loss, np.append(by_coefficients, gap * float(weight @ (narrowing - widening)))
