"""When a candidate is given up, and by whose losses."""

from __future__ import annotations

import numpy as np

from sportsplat.models.boosting import PATIENCE, Trial, choose

STALLED = [5.0, 4.0, 3.0, *[3.5] * PATIENCE, 1.0]  # falls again once nobody would have waited for it
FALLING = np.linspace(50.0, 10.0, len(STALLED)).tolist()


def trial(*losses: list[float]) -> Trial:
    return Trial(None, (), (), np.array(losses))


def test_what_falls_again_after_it_was_given_up_was_never_seen() -> None:
    assert choose([trial(STALLED, FALLING)], 1).look == 2


def test_a_second_part_that_still_falls_keeps_both_going() -> None:
    assert choose([trial(STALLED, FALLING)], 2).look == len(STALLED) - 1


def test_the_candidate_with_the_smallest_loss_is_chosen_at_its_best_look() -> None:
    good, better = trial([5.0, 4.0, 4.5]), trial([5.0, 3.0, 2.5])
    choice = choose([good, better], 1)
    assert choice.trial is better
    assert (choice.look, choice.rounds) == (2, 20)
