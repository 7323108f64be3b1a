"""Which model serves a league: promoted when it earned it or when told to, and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sportsplat.db import registry
from sportsplat.db.registry import Promotion, Registered
from sportsplat.domain import JsonObject
from sportsplat.errors import NotFound, PromotionRefused
from sportsplat.jobs.models import find

if TYPE_CHECKING:
    from sportsplat.jobs.context import Context

ROLLBACK = "rollback of model "  # beginning of the reason that marks a rollback in the diary


@dataclass(frozen=True)
class Verdict:
    """Whether a model is to serve, and why."""

    promoted: bool
    reason: str


def judge(card: JsonObject, serving: Registered | None) -> Verdict:
    """Say whether a new model is promoted by itself.

    Boosting is when its out-of-fold log loss is below Elo's on the same matches and it knows no less than
    the model that serves (was not trained on an older past). Elo is when no model serves yet: it is what has
    to be beaten. The base rate never is.
    """
    kind = card["kind"]
    if kind == "base_rate":
        return Verdict(False, "the base rate knows no team; it serves only when promoted by hand")
    if kind == "elo":
        if serving is None:
            return Verdict(True, "no model serves yet, and Elo is what later ones have to beat")
        return Verdict(False, f"model {serving.id} serves, and Elo replaces a model only by hand")
    if not card["beats_elo"]:
        return Verdict(False, f"does not beat Elo out of fold: {_against_elo(card)}")
    if serving is not None and serving.trained_until > datetime.fromisoformat(card["trained_until"]):
        return Verdict(
            False, f"model {serving.id}, which serves, was trained on a longer past ({serving.trained_until})"
        )
    return Verdict(True, f"beats Elo out of fold: {_against_elo(card)}")


def promote(context: Context, model_id: int, *, force: bool = False) -> JsonObject:
    """Let a model serve its league.

    Raises NotFound (UNKNOWN_MODEL), PromotionRefused for a model that does not beat Elo out of fold, unless
    forced; Elo itself may always serve.
    """
    with context.connect("app") as connection:
        model = find(connection, model_id)
        if not force and model.kind != "elo" and not model.card["beats_elo"]:
            raise PromotionRefused(
                f"model {model_id} ({model.kind}) does not beat Elo out of fold",
                cause=_against_elo(model.card),
                fix=f"sportsplat train {model.league}, or sportsplat models promote {model_id} --force",
                model_id=model_id,
            )
        registry.lock_promotions(connection, model.league)
        serving = registry.champion(connection, model.league)
        changed = serving is None or serving.id != model_id
        if changed:
            registry.promote(connection, model.league, model_id, "by hand, forced" if force else "by hand")
    before = None if serving is None else serving.id
    return {"league": model.league, "model_id": model_id, "previous": before, "changed": changed}


def rollback(context: Context, league_code: str) -> JsonObject:
    """Let the model serve that served before the newest promotion; again, the one before that.

    Raises NotFound (league; NO_EARLIER_PROMOTION when there is nothing to return to).
    """
    league = context.league(league_code)
    with context.connect("app") as connection:
        registry.lock_promotions(connection, league.code)
        standing = standing_promotions(registry.promotions(connection, league.code))
        if len(standing) < 2:
            raise NotFound(
                f"no promotion of {league.code} comes before the one that stands",
                cause=f"model {standing[0]} was the first to serve" if standing else "no model ever served",
                fix=f"sportsplat models list {league.code}",
                code="NO_EARLIER_PROMOTION",
            )
        registry.promote(connection, league.code, standing[-2], f"{ROLLBACK}{standing[-1]}")
    return {"league": league.code, "model_id": standing[-2], "previous": standing[-1], "changed": True}


def standing_promotions(diary: Sequence[Promotion]) -> list[int]:
    """Return the models of the promotions that no rollback took back, oldest first."""
    standing: list[int] = []
    for promotion in diary:
        if promotion.reason.startswith(ROLLBACK):
            standing.pop()
        else:
            standing.append(promotion.model_id)
    return standing


def _against_elo(card: JsonObject) -> str:
    paired = card["paired"].get("elo")
    if paired is None:
        return "no match was held out, too few are known"
    low, high = paired["ci95"]
    gap = paired["log_loss_difference"]
    said = f"log loss {gap:+.4f} on {paired['matches']:,} matches"
    if low is None or high is None:
        return f"{said}, too few match days for an interval"
    doubt = ", which may be chance" if low < 0 < high else ""
    return f"{said}, 95% interval {low:+.4f} to {high:+.4f}{doubt}"
