"""Fitted models, their predictions, and backtests."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB

from sportsplat.db.columns import (
    NOW,
    check,
    identity,
    json_object,
    metadata,
    moment,
    number,
    price,
    probabilities,
    reference,
    words,
)

models = Table(
    "models",
    metadata,
    identity(),
    reference("league", "leagues.code"),
    words("kind"),
    moment("trained_until", "UTC; nothing known later was seen"),
    moment("created_at", server_default=NOW),
    reference(
        "manifest",
        "feature_manifests.hash",
        nullable=True,
        comment="Exact features, in order; empty for a model that uses none",
    ),
    number("parameters", JSONB),
    number("card", JSONB, comment="Model card: data fingerprint, cut-off, scores beside the baselines"),
    number("artifact", JSONB),
    words("booster", nullable=True, comment="LightGBM text model; empty for other kinds"),
    number("seed", BigInteger),
    UniqueConstraint("league", "id"),
    check("kind", "kind ~ '^[a-z][a-z0-9_]*$'"),
    *(json_object(column) for column in ("parameters", "card", "artifact")),
    comment="Fitted predictors with everything needed to use and to judge them",
)

model_promotions = Table(
    "model_promotions",
    metadata,
    identity(),
    words("league"),
    number("model_id", BigInteger),
    moment("promoted_at", server_default=NOW),
    words("reason"),
    ForeignKeyConstraint(["league", "model_id"], ["models.league", "models.id"]),
    Index(None, "league", "id"),
    comment="Which model serves a league: the newest row of that league",
)

predictions = Table(
    "predictions",
    metadata,
    identity(),
    reference("match_id", "matches.id"),
    reference("model_id", "models.id"),
    moment("predicted_at", "UTC; when it was computed", server_default=NOW),
    moment("as_of", "UTC; only what was known by then was used"),
    *probabilities(
        "Each 0 to 1, summing to 1, over the league's outcomes in their order", "abs({total} - 1) < 1e-6"
    ),
    UniqueConstraint("match_id", "model_id", "as_of"),
    Index(None, "model_id", "predicted_at"),
    comment="Our forecasts, never overwritten: a later one has a later as_of",
)

backtests = Table(
    "backtests",
    metadata,
    words("run_id", primary_key=True),
    reference("league", "leagues.code"),
    words("model"),
    number("seed", BigInteger),
    moment("created_at", server_default=NOW),
    number("result", JSONB, comment="The object that `sportsplat backtest --json` answered with"),
    json_object("result"),
    Index(None, "league", "created_at"),
    comment="One row a walk-forward run",
)

bets = Table(
    "bets",
    metadata,
    reference("run_id", "backtests.run_id", "CASCADE"),
    reference("match_id", "matches.id"),
    words("outcome"),
    words("bookmaker"),
    moment("placed_at", "UTC; decision moment"),
    moment("settled_at", "UTC; when the result became known"),
    number("probability", comment="The model's, 0 to 1"),
    number("decimal_odds", comment="Entry price: units returned for one unit staked, stake included"),
    number(
        "benchmark_odds",
        nullable=True,
        comment="Benchmark price of the same outcome, empty where there is none",
    ),
    number("stake", comment="Units of the bankroll"),
    number("profit", comment="Units won, or lost when negative"),
    PrimaryKeyConstraint("run_id", "match_id", "outcome"),
    check("outcome", "outcome IN ('home', 'draw', 'away')"),
    check("order", "settled_at >= placed_at"),
    check("probability", "probability >= 0 AND probability <= 1"),
    price("decimal_odds"),
    price("benchmark_odds"),
    check("stake", "stake > 0 AND stake < 'Infinity'::double precision"),
    check("profit", "profit >= -stake AND profit <= stake * (decimal_odds - 1) * (1 + 1e-9)"),
    comment="One row a bet that a backtest placed and settled",
)
