"""Overrounds that cannot be, however often and in whatever order their prices stand in a file."""

from __future__ import annotations

from itertools import permutations

import pytest

from sportsplat.domain import Outcome
from sportsplat.jobs.check_rules import apply_rules
from sportsplat.leagues import load_leagues
from tests.records import batch, match, quote

EPL = load_leagues()["epl"]
PLAYED = match("Arsenal", "Chelsea", score=(2, 1))
SIDES = (Outcome.HOME, Outcome.DRAW, Outcome.AWAY)
IMPOSSIBLE = [quote(PLAYED, 10.0, side) for side in SIDES]
FAIR = [quote(PLAYED, 2.9, side) for side in SIDES]


@pytest.mark.parametrize("rows", [IMPOSSIBLE, IMPOSSIBLE * 2, [*IMPOSSIBLE, IMPOSSIBLE[1]]])
def test_an_impossible_offer_is_refused_once_however_often_it_stands(rows: list[object]) -> None:
    kept = apply_rules(batch([PLAYED], quotes=rows), EPL)
    assert kept.quotes == []
    (refused,) = kept.rejected
    assert refused.code == "bad-overround"
    assert refused.reason.count("10") == len(SIDES)


def test_a_fair_offer_is_kept_with_its_repeats() -> None:
    for rows in permutations([*FAIR, FAIR[0]]):
        kept = apply_rules(batch([PLAYED], quotes=list(rows)), EPL)
        assert (len(kept.quotes), kept.rejected) == (4, [])


def test_prices_that_contradict_each_other_are_no_offer_to_judge() -> None:
    kept = apply_rules(batch([PLAYED], quotes=[*IMPOSSIBLE, quote(PLAYED, 2.0)]), EPL)
    assert (len(kept.quotes), kept.rejected) == (4, [])
