"""The tables as SQLAlchemy sees them: names, types, constraints, comments.

The migrations make the schema; these say the same thing once more, for queries built in Python. Two tests
hold the two together: Alembic finds nothing to change, and a database made from here has the same catalogue.
Every time is `timestamptz`; every constraint has a name.
"""

from __future__ import annotations

from sportsplat.db.claim_tables import match_claims, match_details, match_revisions
from sportsplat.db.columns import metadata
from sportsplat.db.fact_tables import (
    feature_manifests,
    forecasts,
    match_features,
    player_match_stats,
    quotes,
    team_match_stats,
)
from sportsplat.db.match_tables import (
    leagues,
    matches,
    pipeline_runs,
    players,
    quarantine,
    team_aliases,
    teams,
)
from sportsplat.db.model_tables import backtests, bets, model_promotions, models, predictions
from sportsplat.db.revision_tables import (
    detail_revisions,
    forecast_revisions,
    quote_revisions,
    team_stat_revisions,
)

__all__ = [
    "backtests",
    "bets",
    "detail_revisions",
    "feature_manifests",
    "forecast_revisions",
    "forecasts",
    "leagues",
    "match_claims",
    "match_details",
    "match_features",
    "match_revisions",
    "matches",
    "metadata",
    "model_promotions",
    "models",
    "pipeline_runs",
    "player_match_stats",
    "players",
    "predictions",
    "quarantine",
    "quote_revisions",
    "quotes",
    "team_aliases",
    "team_match_stats",
    "team_stat_revisions",
    "teams",
]
