"""The only door to history: what was known of both teams at each match's decision moment.

The decision moment of a match is its kick-off (local midnight where only the day is known). A result counts
when it was known at that moment or before (`known_at` <= decision), and never for its own match. Feature
modules get a `History` and nothing else, so a feature cannot see what did not come through here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from sportsplat.ratings.arrival import GroupHistory, Results, arrival_order, open_ledger

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Schedule:
    """What is known of every match without playing it; arrays (n,) in the rows' order of the matches frame.

    `decision`: microseconds since 1970 UTC. `day`: calendar day at the league's place, days since 1970.
    `home`, `away`: team numbers from 0, meaningless beyond telling teams apart.
    """

    match_id: Ints
    decision: Ints
    day: Ints
    season: Ints
    number: Ints
    home: Ints
    away: Ints
    neutral: Bools
    n_teams: int


@dataclass(frozen=True)
class Answers:
    """Results in the order in which they became known; arrays (F,).

    `row`: row of the match in the schedule. `known_at`: microseconds since 1970 UTC. `margin`: home minus
    away score.
    """

    row: Ints
    known_at: Ints
    margin: Ints


def _interleaved(home: Ints, away: Ints) -> Ints:
    """Return home's and visitors' values in turn: (2F,) entries in order of arrival."""
    both: Ints = np.stack((home, away), axis=1).ravel()
    return both


class History:
    """Results as each match may see them, by team and by pair of teams.

    Team entries: two per answer (home's, visitor's). Questions of `team`: (2n,), all home sides, then all
    visitors. Pair entries: one per answer. Questions of `pair`: (n,).
    """

    def __init__(self, schedule: Schedule, answers: Answers) -> None:
        self.schedule = schedule
        self.answers = answers

    @classmethod
    def of(cls, matches: pd.DataFrame) -> History:
        """Open the history of a matches frame (see `db.read.matches_frame`), which is left as it is."""
        schedule = _schedule(matches)
        return cls(schedule, _answers(matches, schedule))

    @cached_property
    def known(self) -> Ints:
        """How many answers were known at each match's decision moment, (n,)."""
        return np.searchsorted(self.answers.known_at, self.schedule.decision, side="right").astype(np.int64)

    @cached_property
    def team(self) -> GroupHistory:
        """Results by team; the arrival number of an entry is 2 * answer (+ 1 for the visitor's)."""
        plan, row = self.schedule, self.answers.row
        return open_ledger(
            _interleaved(plan.home[row], plan.away[row]),
            np.concatenate((plan.home, plan.away)),
            2 * np.concatenate((self.known, self.known)),
            plan.n_teams,
        )

    @cached_property
    def pair(self) -> GroupHistory:
        """Results by pair of teams, regardless of who was at home."""
        plan = self.schedule
        low, high = np.minimum(plan.home, plan.away), np.maximum(plan.home, plan.away)
        code, pairs = low * plan.n_teams + high, plan.n_teams**2
        if pairs > np.iinfo(np.uint16).max:
            numbered, names = pd.factorize(code)
            code, pairs = numbered.astype(np.int64), len(names)
        return open_ledger(code[self.answers.row], code, self.known, pairs)

    @cached_property
    def team_row(self) -> Ints:
        """Row in the schedule of the match at each position of `team`, (2F,)."""
        row: Ints = self.answers.row[self.team.entry >> 1]
        return row

    @cached_property
    def team_margin(self) -> Ints:
        """Score difference from the team's view at each position of `team`, (2F,)."""
        margin = self.answers.margin
        own: Ints = _interleaved(margin, -margin)[self.team.entry]
        return own

    @cached_property
    def asked_season(self) -> Ints:
        """Season of the match of each question of `team`, (2n,)."""
        return np.concatenate((self.schedule.season, self.schedule.season))

    @cached_property
    def team_season(self) -> Ints:
        """Latest season that the team was known to play in, at each position of `team`, (2F,)."""
        return _latest(self.team, self.schedule.season[self.team_row])

    @cached_property
    def results(self) -> Results:
        """Results as ratings learn from them, (F,) in order of arrival."""
        plan, row = self.schedule, self.answers.row
        ledger, season = self.team, self.team_season
        opens = np.zeros(len(season), dtype=np.bool_)
        opens[1:] = (season[1:] != season[:-1]) & (ledger.first[1:] == ledger.first[:-1])
        arrived = np.empty(len(opens), dtype=np.bool_)
        arrived[ledger.entry] = opens
        return Results(
            home=plan.home[row],
            away=plan.away[row],
            margin=self.answers.margin,
            neutral=plan.neutral[row],
            opens_home=arrived[0::2],
            opens_away=arrived[1::2],
        )

    @cached_property
    def asked_day(self) -> Ints:
        """Calendar day of the match of each question of `team`, (2n,)."""
        return np.concatenate((self.schedule.day, self.schedule.day))

    @cached_property
    def team_day(self) -> Ints:
        """Latest calendar day on which the team was known to have played, at each position, (2F,)."""
        return _latest(self.team, self.schedule.day[self.team_row])


@dataclass(frozen=True)
class BoxScores:
    """Box scores of played matches through the same door.

    `history`: the matches whose two box scores are known, in the order in which they became known (never
    before the result). `names` (s,); `home`, `away` (F, s): each side's numbers in that order, NaN where not
    recorded.
    """

    history: History
    names: tuple[str, ...]
    home: Floats
    away: Floats

    @classmethod
    def of(cls, history: History, stats: pd.DataFrame) -> BoxScores:
        """Open a stats frame (see `db.read.stats_frame`); box scores of other matches are passed over."""
        names = stat_names(stats)
        plan, answers = history.schedule, history.answers
        row = pd.Index(plan.match_id).get_indexer(pd.Index(stats["match_id"]))
        own = row >= 0
        row, side = row[own], np.where(stats["is_home"].to_numpy(dtype=np.bool_)[own], 0, 1)
        numbers = np.full((2, len(plan.match_id), len(names)), np.nan)
        numbers[side, row] = stats[list(names)].to_numpy(dtype=np.float64)[own]
        known_at = np.full((2, len(plan.match_id)), _NEVER)
        known_at[side, row] = microseconds(stats["known_at"])[own]
        moment = np.maximum(answers.known_at, known_at.max(axis=0)[answers.row])
        kept = np.flatnonzero(moment < _NEVER)
        match = answers.row[kept]
        order = arrival_order(moment[kept], plan.decision[match], plan.number[match], plan.match_id[match])
        kept = kept[order]
        arrived = Answers(answers.row[kept], moment[kept], answers.margin[kept])
        home, away = numbers[:, arrived.row]
        return cls(History(plan, arrived), names, home, away)


def stat_names(stats: pd.DataFrame) -> tuple[str, ...]:
    """Names of the box-score numbers in a stats frame, in its order, without those never recorded."""
    recorded = stats.columns[stats.notna().any()]
    return tuple(str(name) for name in recorded if name not in ("match_id", "is_home", "known_at"))


def _latest(ledger: GroupHistory, value: Ints) -> Ints:
    """Largest `value` so far within the group, at each position."""
    if not len(value):
        return value
    low = int(value.min())
    lift = ledger.first * (int(value.max()) - low + 1)
    running: Ints = np.maximum.accumulate(value + lift) - lift
    return running


def microseconds(moments: pd.Series) -> Ints:
    """Return a column of moments as microseconds since 1970 UTC."""
    return moments.to_numpy(dtype="datetime64[us]").view(np.int64)


def _schedule(matches: pd.DataFrame) -> Schedule:
    n = len(matches)
    ids = np.concatenate((matches["home_id"].to_numpy(), matches["away_id"].to_numpy()))
    teams, names = pd.factorize(ids)
    teams = teams.astype(np.int64)
    return Schedule(
        match_id=matches["match_id"].to_numpy(dtype=np.int64),
        decision=microseconds(matches["kickoff_utc"]),
        day=matches["match_date"].to_numpy(dtype="datetime64[D]").view(np.int64),
        season=matches["season"].to_numpy(dtype=np.int64),
        number=matches["number"].to_numpy(dtype=np.int64),
        home=teams[:n],
        away=teams[n:],
        neutral=matches["neutral"].to_numpy(dtype=np.bool_),
        n_teams=max(len(names), 1),
    )


def _answers(matches: pd.DataFrame, schedule: Schedule) -> Answers:
    rows = np.flatnonzero(matches["final"].to_numpy(dtype=np.bool_))
    kickoff = schedule.decision[rows]
    # A result that a source dates at its own kick-off must not answer the question asked at that moment.
    known_at = np.maximum(microseconds(matches["known_at"])[rows], kickoff + 1)
    order = arrival_order(known_at, kickoff, schedule.number[rows], schedule.match_id[rows])
    home = matches["home_score"].to_numpy(dtype=np.float64)[rows]
    away = matches["away_score"].to_numpy(dtype=np.float64)[rows]
    return Answers(row=rows[order], known_at=known_at[order], margin=(home - away).astype(np.int64)[order])
