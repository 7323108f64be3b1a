"""Time-ordered folds: every validation block is later than everything its model learned from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sportsplat.models.dataset import Dataset, IntArray


@dataclass(frozen=True)
class Fold:
    """Row numbers of one split: `train` was known before the first decision in `validation`."""

    train: IntArray
    validation: IntArray


def time_folds(data: Dataset, folds: int, *, first_share: float = 0.5) -> list[Fold]:
    """Split `data` (in order of decision) into `folds` later blocks, each validated on all that came before.

    The first `first_share` of rows is never validated on. A block begins where a match day begins, so that
    no day is torn apart; blocks of very small data may be fewer. A match is learned from only if its result
    was known when the block's first decision had to be made.
    """
    n = len(data)
    starts = np.flatnonzero(np.append(True, data.day[1:] != data.day[:-1]))
    wanted = np.linspace(n * first_share, n, folds + 1)[:-1]
    after = np.searchsorted(starts, wanted)
    edges = np.unique(np.append(starts[after[after < len(starts)]], n))
    blocks = [_fold(data, int(begin), int(end)) for begin, end in pairwise(edges)]
    return [fold for fold in blocks if len(fold.train)]


def _fold(data: Dataset, begin: int, end: int) -> Fold:
    known = data.known_at <= data.decision_at[begin:end].min()
    return Fold(np.flatnonzero(known), np.arange(begin, end))
