"""What the models say."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from sportsplat.api.deps import DatabaseDep, DaysDep, LeagueDep, PageDep, cut, one_more
from sportsplat.api.schemas import Match, Prediction, Predictions

router = APIRouter(prefix="/v1", tags=["predictions"])


@router.get("/predictions")
async def predictions(
    database: DatabaseDep,
    league: LeagueDep,
    days: DaysDep,
    page: PageDep,
    model_id: Annotated[int | None, Query(ge=1, description="default: the league's promoted model")] = None,
) -> Predictions:
    """List the newest stored prediction of each match, in order of kick-off."""
    rows = await database.predictions(
        league.code, since=days.since, until=days.until, model_id=model_id, page=one_more(page)
    )
    shown, next_offset = cut(rows, page)
    return Predictions(predictions=[_prediction(row) for row in shown], next_offset=next_offset)


def _prediction(row: dict[str, Any]) -> Prediction:
    return Prediction(
        match=Match(**{name: row[name] for name in Match.model_fields}),
        model_id=row["model_id"],
        model=row["model"],
        predicted_at=row["predicted_at"],
        as_of=row["as_of"],
        probabilities=dict(zip(row["outcomes"], row["probabilities"], strict=True)),
    )
