"""Look for leakage: rebuild features from a past that the database cut off, and compare bit for bit."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from sportsplat.errors import InputRefused, LeakageFound, UsageError
from sportsplat.features.build import Features
from sportsplat.features.leakage import ChangedFeature, decided_by, first_moved, sample_moments
from sportsplat.jobs.modelling.features import Frames, read_frames
from sportsplat.leagues.league import League
from sportsplat.results import Result

if TYPE_CHECKING:
    from sportsplat.jobs.context import Context

Build = Callable[[Frames], Features]
Progress = Callable[[float, float, str], object]


@dataclass(frozen=True)
class LeakageAudit(Result):
    """How many rows of features were rebuilt from a truncated past, all equal to the last bit, and when."""

    league: str
    samples: int
    matches: int
    compared: int
    features: int
    manifest: str
    leaks: int
    first_moment: str
    last_moment: str
    seconds: float


def audit_leakage(
    context: Context,
    code: str,
    *,
    samples: int = 25,
    seed: int | None = None,
    build: Build | None = None,
    progress: Progress | None = None,
) -> LeakageAudit:
    """Compare features built from everything with those built from what was known at sampled kick-offs.

    `samples`: how many moments, at least 1. `seed`: None takes models.seed. `build`: what turns frames into
    features, by default what every other command uses. Raises LeakageFound naming the feature that moved,
    NotFound (league), InputRefused (NO_MATCHES), UsageError.
    """
    if samples < 1:
        raise UsageError(f"--samples {samples} looks at nothing", fix="--samples 25", code="BAD_SAMPLES")
    league = context.league(code)
    windows = context.settings.features.rolling_windows
    make = build or (lambda frames: frames.build(league, windows))
    rng = np.random.default_rng(context.settings.models.seed if seed is None else seed)
    started = time.perf_counter()
    with context.connect("read") as connection:
        frames = read_frames(connection, league)
        if not frames.matches["final"].any():
            raise InputRefused(
                f"no result of {league.code} is stored", fix="sportsplat sources", code="NO_MATCHES"
            )
        whole = make(frames)
        moments = sample_moments(frames.matches, samples, rng)
        compared = 0
        for done, moment in enumerate(moments):
            if progress is not None:
                progress(done, len(moments), f"past of {league.code} as of {np.datetime64(moment, 'D')}")
            cut = read_frames(connection, league, known_at=moment.item().replace(tzinfo=UTC))
            known_at = [frames.matches["known_at"], frames.stats["known_at"]]
            decided = decided_by(whole.decision_at, moment, known_at)
            moved = first_moved(whole, make(cut), decided)
            if moved is not None:
                raise _leakage(moved, frames, league, moment.item())
            compared += int(decided.sum())
    return LeakageAudit(
        league=league.code,
        samples=len(moments),
        matches=len(frames.matches),
        compared=compared,
        features=len(whole.names),
        manifest=whole.manifest,
        leaks=0,
        first_moment=moments[0].item().isoformat() + "Z",
        last_moment=moments[-1].item().isoformat() + "Z",
        seconds=time.perf_counter() - started,
    )


def _leakage(moved: ChangedFeature, frames: Frames, league: League, moment: datetime) -> LeakageFound:
    row: Any = frames.matches.set_index("match_id").loc[moved.match_id]
    match = f"match {moved.match_id} of {row['match_date']:%Y-%m-%d}"
    return LeakageFound(
        f"{moved.feature} of {match} sees the future: {moved.with_future!r} with what came later, "
        f"{moved.without!r} without",
        cause=f"features of {league.code} built from what was known at {moment:%Y-%m-%d %H:%M} UTC",
        fix="let the feature take its facts from features/asof.py alone",
        feature=moved.feature,
        match_id=moved.match_id,
        with_future=moved.with_future,
        without=moved.without,
        moment=moment,
    )
