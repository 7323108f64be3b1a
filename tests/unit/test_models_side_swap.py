from __future__ import annotations

import numpy as np

from sportsplat.features.build import build_features
from sportsplat.leagues.league import get_league
from sportsplat.models.trees import side_swap_of
from tests.factories import random_league


def test_swapping_the_sides_twice_changes_nothing() -> None:
    built = build_features(random_league(1), get_league("nba"), windows=(5, 10))
    values = built.frame.to_numpy()
    swap = side_swap_of(built.names)
    np.testing.assert_allclose(swap.apply(swap.apply(values)), values, rtol=0, atol=1e-12)
    assert not np.allclose(swap.apply(values), values, equal_nan=True)


def test_a_swapped_row_has_the_other_sides_values() -> None:
    names = ("neutral", "rest_home", "rest_away", "rest_difference", "head_to_head_win_share")
    back = side_swap_of(names).apply(np.array([[1.0, 5.0, 2.0, 3.0, 0.7]]))
    np.testing.assert_allclose(back, [[1.0, 2.0, 5.0, -3.0, 0.3]])


def test_every_sided_feature_finds_its_other_side() -> None:
    names = build_features(random_league(1), get_league("nba"), windows=(5,)).names
    swap = side_swap_of(names)
    swapped = {name for place, name in enumerate(names) if swap.source[place] != place}
    assert swapped == {name for name in names if name.endswith(("_home", "_away"))}
