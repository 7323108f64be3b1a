"""What the models say."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from sportsplat.api.deps import DatabaseDep, GivenOnce, PredictionQueryDep, league_of
from sportsplat.api.schemas import Predictions

router = APIRouter(prefix="/v1", tags=["predictions"], dependencies=[GivenOnce])


@router.get("/predictions", response_model=Predictions)
async def predictions(request: Request, database: DatabaseDep, query: PredictionQueryDep) -> dict[str, Any]:
    """List the newest stored prediction of each match, in order of kick-off."""
    rows = await database.predictions(
        league_of(query, request).code,
        since=query.since,
        until=query.until,
        model_id=query.model_id,
        page=query.page,
    )
    shown, next_offset = query.cut(rows)
    return {"predictions": [_prediction(row) for row in shown], "next_offset": next_offset}


def _prediction(row: dict[str, Any]) -> dict[str, Any]:
    """Turn a row into a prediction; the match takes the columns that it has from the row itself."""
    return {
        "match": row,
        "model_id": row["model_id"],
        "model": row["model"],
        "predicted_at": row["predicted_at"],
        "as_of": row["as_of"],
        "probabilities": dict(zip(row["outcomes"], row["probabilities"], strict=True)),
    }
