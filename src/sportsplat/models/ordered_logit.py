"""From the home side's latent strength to probabilities of two or three outcomes, and its fit to results.

Ordered logit with thresholds at plus and minus `gap` around the latent strength e:

    home = s(e - gap)      away = s(-e - gap)      draw = 1 - home - away       with s the logistic function

A league without draws has gap 0, which leaves the plain logistic regression. Source: McCullagh (1980).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sportsplat.errors import InputRefused
from sportsplat.models.dataset import FloatArray

LARGEST_GAP = 8.0  # a draw of 99.9% between equals; keeps the search out of overflow
NEAR = 1e-5  # length of the gradient at which the search leaves the rest to one Newton step
CONVERGED = 1e-6  # nats of the whole sample that the last step still promises


def sigmoid(x: FloatArray) -> FloatArray:
    """Return the logistic function, without overflow for large negative values."""
    values: FloatArray = 0.5 * (1.0 + np.tanh(0.5 * x))
    return values


def outcome_probabilities(latent: FloatArray, gap: float, outcomes: int) -> FloatArray:
    """Return (n, outcomes) probabilities of home[, draw], away from latent strength (n,)."""
    home, away = _home_and_away(latent, gap)
    if outcomes == 2:
        return np.column_stack([home, away])
    return np.column_stack([home, np.maximum(1.0 - home - away, 0.0), away])


def slope_and_curvature(latent: FloatArray, gap: float, shares: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return slope and curvature (n,) of each row's log loss over its latent strength; curvature >= 0."""
    home, away = _home_and_away(latent, gap)
    won = shares[:, 0]
    curve_home = home * (1 - home)
    if shares.shape[1] == 2:
        return home - won, curve_home
    drawn, lost = shares[:, 1], shares[:, 2]
    curve_away = away * (1 - away)
    slope = lost * (1 - away) - won * (1 - home) - drawn * (away - home)
    return slope, (won + drawn) * curve_home + (lost + drawn) * curve_away


def _home_and_away(latent: FloatArray, gap: float) -> tuple[FloatArray, FloatArray]:
    home = sigmoid(latent - gap)
    return home, 1.0 - home if gap == 0.0 else sigmoid(-latent - gap)


@dataclass(frozen=True)
class OrderedLogit:
    """Coefficients (m,) of the latent strength and the gap of the thresholds (0 without draws)."""

    coefficients: FloatArray
    gap: float


@dataclass(frozen=True)
class Prior:
    """Where coefficients (m,) and gap lie without evidence, and the weight of that in matches."""

    coefficients: FloatArray
    gap: float
    matches: float


def fit_ordered_logit(
    design: FloatArray, shares: FloatArray, prior: Prior, weights: FloatArray | None = None
) -> OrderedLogit:
    """Fit latent = design (n, m) @ coefficients and the gap by penalised maximum likelihood.

    shares (n, k) are outcome shares, weights (n,) relative trust in a row. The penalty is `prior.matches`
    times half the squared distance to the prior (of the gap: of its logarithm), so that a handful of rows
    cannot drive a coefficient to infinity. SciPy's trust-region search, and one Newton step at its end: the
    search compares losses, whose rounding hides the last digits.
    Raises InputRefused (LINK_NOT_FITTED) when it does not converge.
    """
    from scipy.optimize import minimize

    rows = _Rows(design, shares, np.ones(len(design)) if weights is None else weights)
    centre = np.append(prior.coefficients, np.log(prior.gap)) if rows.draws else prior.coefficients
    evaluated: dict[bytes, _Derivatives] = {}

    def at(position: FloatArray) -> _Derivatives:
        key = position.tobytes()
        if key not in evaluated:  # loss, gradient and Hessian are asked for one by one
            evaluated.clear()
            evaluated[key] = _derivatives(rows, position, centre, prior.matches)
        return evaluated[key]

    try:
        found = minimize(
            lambda position: (at(position).loss, at(position).slope),
            centre,
            jac=True,
            hess=lambda position: at(position).curvature,
            method="trust-exact",
            options={"gtol": NEAR},
        )
        here = at(found.x)
        step = np.linalg.solve(here.curvature, here.slope)
        gain = float((step * here.slope).sum())
    except ValueError:  # a value that is not a number, or a Hessian without an inverse
        gain = np.nan
    if not 0 <= gain < CONVERGED:
        raise InputRefused(
            "the ordered logit from ratings to probabilities did not converge",
            cause=f"{len(design)} matches; the last step still improved the log likelihood by "
            f"{gain:.2g} nats",
            fix="check the stored matches with `sportsplat leagues`",
            code="LINK_NOT_FITTED",
        )
    return OrderedLogit(*_unpack(found.x - step, rows.draws))


class _Rows(NamedTuple):
    design: FloatArray
    shares: FloatArray
    weight: FloatArray

    @property
    def draws(self) -> bool:
        return len(self.shares.T) == 3


class _Derivatives(NamedTuple):
    """Penalised loss, its gradient (p,) and its Hessian (p, p) at one position."""

    loss: float
    slope: FloatArray
    curvature: FloatArray


def _unpack(position: FloatArray, draws: bool) -> tuple[FloatArray, float]:
    if not draws:
        return position, 0.0
    return position[:-1], float(np.exp(min(position[-1], np.log(LARGEST_GAP))))


def _derivatives(rows: _Rows, position: FloatArray, centre: FloatArray, trust: float) -> _Derivatives:
    """Return the penalised loss at a position with its derivatives; the gap's are by its logarithm."""
    coefficients, gap = _unpack(position, rows.draws)
    design, shares, weight = rows
    # einsum and sums, not @: the threads that BLAS would wake for a few columns cost more than all the work
    latent = np.einsum("nm,m->n", design, coefficients)
    probabilities = np.maximum(outcome_probabilities(latent, gap, shares.shape[1]), 1e-300)
    distance = position - centre
    loss = -float((weight[:, None] * shares * np.log(probabilities)).sum())
    loss += 0.5 * trust * float((distance**2).sum())
    slope, curvatures = slope_and_curvature(latent, gap, shares)
    by_columns = np.einsum("nm,n->m", design, weight * slope)
    curvature = np.einsum("na,nb,n->ab", design, design, weight * curvatures, optimize=False)
    if rows.draws:
        by_columns, curvature = _with_gap(rows, probabilities, gap, by_columns, curvature)
    return _Derivatives(loss, by_columns + trust * distance, curvature + trust * np.eye(len(position)))


def _with_gap(
    rows: _Rows, probabilities: FloatArray, gap: float, by_columns: FloatArray, curvature: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Append the derivatives by the logarithm of the gap to those by the coefficients."""
    design, shares, weight = rows
    (won, drawn, lost), (home, draw, away) = shares.T, probabilities.T
    curve_home, curve_away = home * (1 - home), away * (1 - away)
    widening = (curve_home + curve_away) / draw
    slope = won * (1 - home) + lost * (1 - away) - drawn * widening
    cross = (lost + drawn) * curve_away - (won + drawn) * curve_home
    draw_curvature = (curve_home * (1 - 2 * home) + curve_away * (1 - 2 * away)) / draw + widening**2
    curvatures = won * curve_home + lost * curve_away + drawn * draw_curvature
    by_gap = gap * float((weight * slope).sum())
    mixed = gap * np.einsum("nm,n->m", design, weight * cross)
    corner = gap * gap * float((weight * curvatures).sum()) + by_gap
    whole = np.block([[curvature, mixed[:, None]], [mixed[None, :], np.array([[corner]])]])
    return np.append(by_columns, by_gap), whole
