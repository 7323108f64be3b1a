from __future__ import annotations

import numpy as np

from sportsplat.features.build import build_features
from sportsplat.leagues.league import get_league
from sportsplat.models.trees import mirror_of
from tests.factories import random_league


def test_mirroring_the_features_that_are_built_twice_changes_nothing() -> None:
    built = build_features(random_league(1), get_league("nba"), windows=(5, 10))
    values = built.frame.to_numpy()
    mirror = mirror_of(built.names)
    np.testing.assert_allclose(mirror.of(mirror.of(values)), values, rtol=0, atol=1e-12)
    assert not np.allclose(mirror.of(values), values, equal_nan=True)


def test_the_mirrored_row_is_what_the_visitor_would_write() -> None:
    names = ("neutral", "rest_home", "rest_away", "rest_difference", "head_to_head_win_share")
    mirrored = mirror_of(names).of(np.array([[1.0, 5.0, 2.0, 3.0, 0.7]]))
    np.testing.assert_allclose(mirrored, [[1.0, 2.0, 5.0, -3.0, 0.3]])


def test_every_sided_feature_finds_its_other_side() -> None:
    names = build_features(random_league(1), get_league("nba"), windows=(5,)).names
    mirror = mirror_of(names)
    swapped = {name for place, name in enumerate(names) if mirror.source[place] != place}
    assert swapped == {name for name in names if name.endswith(("_home", "_away"))}
