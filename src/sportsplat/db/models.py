"""Fitted models in the database, and which of them serves each league.

A model is stored in one transaction with its card, its exact features and everything that rebuilds its
predictor, and never changes afterwards. Promotions are an append-only log: the newest row of a league names
the champion model.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from sportsplat.domain import JsonObject
from sportsplat.models.baselines import BaseRate
from sportsplat.models.elo import EloModel
from sportsplat.models.gbm import Boosting

if TYPE_CHECKING:
    import psycopg

    from sportsplat.models.card import ModelCard
    from sportsplat.models.fit import Predictor


_PREDICTORS: dict[str, type[BaseRate | EloModel | Boosting]] = {
    predictor.kind: predictor for predictor in (BaseRate, EloModel, Boosting)
}
_TEXT_MODEL = "booster"  # key of an artifact that is kept in a column of its own


@dataclass(frozen=True)
class Registered:
    """One stored model. `manifest` and `names` tell its exact features; None for a model without any."""

    id: int
    league: str
    kind: str
    trained_until: datetime
    created_at: datetime
    manifest: str | None
    names: list[str] | None
    parameters: JsonObject
    card: JsonObject
    seed: int


@dataclass(frozen=True)
class Promotion:
    """One entry of a league's promotion log."""

    model_id: int
    promoted_at: datetime
    reason: str


_COLUMNS = """m.id, m.league, m.kind, m.trained_until, m.created_at, m.manifest, f.names,
       m.parameters, m.card, m.seed"""
_MODELS = f"SELECT {_COLUMNS} FROM models m LEFT JOIN feature_manifests f ON f.hash = m.manifest"


def store_model(conn: psycopg.Connection[Any], card: ModelCard, predictor: Predictor) -> int:
    """Write one model and return its id; the caller's transaction decides whether it stays."""
    manifest = card.manifest if predictor.names else None
    if manifest:
        conn.execute(
            "INSERT INTO feature_manifests (hash, names) VALUES (%s, %s) ON CONFLICT (hash) DO NOTHING",
            (manifest, list(card.features)),
        )
    artifact = predictor.to_artifact()
    text = artifact.pop(_TEXT_MODEL, None)
    row = conn.execute(
        """
        INSERT INTO models (league, kind, trained_until, manifest, parameters, card, artifact, booster, seed)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id
        """,
        (
            card.league,
            card.kind,
            card.trained_until,
            manifest,
            Jsonb(json_values(card.parameters)),
            Jsonb(json_values(card.to_dict())),
            Jsonb(artifact),
            text,
            card.seed,
        ),
    ).fetchone()
    return int(row[0]) if row else 0


def load_predictor(conn: psycopg.Connection[Any], model: Registered) -> Predictor:
    """Rebuild the predictor of a stored model; it forecasts bit for bit what the fitted one did."""
    row = conn.execute("SELECT artifact, booster FROM models WHERE id = %s", (model.id,)).fetchone()
    artifact, text = row or ({}, None)
    whole = artifact if text is None else artifact | {_TEXT_MODEL: text}
    return _PREDICTORS[model.kind].from_artifact(whole)


def find_model(conn: psycopg.Connection[Any], model_id: int) -> Registered | None:
    """Return one model, or None."""
    with conn.cursor(row_factory=class_row(Registered)) as cursor:
        return cursor.execute(f"{_MODELS} WHERE m.id = %s".encode(), (model_id,)).fetchone()


def list_models(conn: psycopg.Connection[Any], league: str | None = None) -> list[Registered]:
    """Return the models of a league or of all, newest first."""
    with conn.cursor(row_factory=class_row(Registered)) as cursor:
        query = (
            f"{_MODELS} WHERE %(league)s::text IS NULL OR m.league = %(league)s ORDER BY m.league, m.id DESC"
        )
        return cursor.execute(query.encode(), {"league": league}).fetchall()


def lock_promotions(conn: psycopg.Connection[Any], league: str) -> None:
    """Lock the promotions of this league until this transaction ends."""
    conn.execute("SELECT FROM leagues WHERE code = %s FOR NO KEY UPDATE", (league,))


def promote(conn: psycopg.Connection[Any], league: str, model_id: int, reason: str) -> None:
    """Let a model serve its league from now on."""
    conn.execute(
        "INSERT INTO model_promotions (league, model_id, reason) VALUES (%s, %s, %s)",
        (league, model_id, reason),
    )


def promotions(conn: psycopg.Connection[Any], league: str) -> list[Promotion]:
    """Return a league's promotions, oldest first."""
    with conn.cursor(row_factory=class_row(Promotion)) as cursor:
        return cursor.execute(
            "SELECT model_id, promoted_at, reason FROM model_promotions WHERE league = %s ORDER BY id",
            (league,),
        ).fetchall()


def champion(conn: psycopg.Connection[Any], league: str) -> Registered | None:
    """Return the model that serves a league, or None."""
    with conn.cursor(row_factory=class_row(Registered)) as cursor:
        query = (
            f"{_MODELS} JOIN model_promotions p ON p.model_id = m.id WHERE p.league = %s ORDER BY p.id DESC"
        )
        return cursor.execute(f"{query} LIMIT 1".encode(), (league,)).fetchone()


def json_values(value: Any) -> Any:
    """Return JSON values as every reader takes them: what is not finite becomes null."""
    if isinstance(value, dict):
        return {key: json_values(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_values(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


class BetRecord(NamedTuple):
    """One settled bet; `benchmark_odds` is None where there is no benchmark price."""

    match_id: int
    outcome: str
    bookmaker: str
    placed_at: datetime
    settled_at: datetime
    probability: float
    decimal_odds: float
    benchmark_odds: float | None
    stake: float
    profit: float


def store_backtest(conn: psycopg.Connection[Any], result: JsonObject, bets: Iterable[BetRecord]) -> None:
    """Write one run and its bets; the caller's transaction decides whether both or neither stay."""
    with conn.cursor() as cursor:
        cursor.execute(
            "INSERT INTO backtests (run_id, league, model, seed, result) VALUES (%s, %s, %s, %s, %s)",
            (result["run_id"], result["league"], result["model"], result["seed"], Jsonb(result)),
        )
        statement = f"COPY bets (run_id, {', '.join(BetRecord._fields)}) FROM STDIN"
        with cursor.copy(statement) as copy:
            for bet in bets:
                copy.write_row((result["run_id"], *bet))
