"""Which kinds of fact are not there, from or until when they are, and where they are thin in between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import median

from sportsplat.quality.picture import INFO, LIST, WARNING, Finding, Picture
from sportsplat.quality.seasons import label
from sportsplat.quality.shares import share_in_words

USUAL, THIN = 0.5, 0.9
"""A kind of fact is there from the first to the last season with the one share of it; less in between than
the other of what is usual there is a gap. (A ninth inning of both teams is played in every other match.)"""


def coverage(picture: Picture) -> Iterator[Finding]:
    """Say what is never stored of a group, since and until when the rest is, and its gaps by season."""
    played = {one.counts.season: one.counts.final for one in picture.schedules if one.counts.final}
    never: dict[str, list[str]] = defaultdict(list)
    since: dict[int, list[str]] = defaultdict(list)
    until: dict[int, list[str]] = defaultdict(list)
    thin: dict[int, list[str]] = defaultdict(list)
    for measure in picture.measures:
        shares = {season: measure.counts.get(season, 0) / number for season, number in played.items()}
        usual = [season for season, share in shares.items() if share >= USUAL]
        if not measure.stored:
            never[measure.group].append(measure.label)
        if not usual:
            continue
        if usual[0] > min(played):
            since[usual[0]].append(measure.label)
        if usual[-1] < max(played):
            until[usual[-1]].append(measure.label)
        least = THIN * median(shares[season] for season in usual)
        for season, share in shares.items():
            if usual[0] <= season <= usual[-1] and share < least:
                thin[season].append(f"{measure.label} {share_in_words(share)}%")
    if played:
        yield from _thin(picture, thin)
        yield from _bounds(picture, since, until)
        for group, names in never.items():
            what = f"nothing is stored of {', '.join(names)}"
            yield Finding(INFO, "not-stored", group, what, LIST)


def _thin(picture: Picture, thin: dict[int, list[str]]) -> Iterator[Finding]:
    for season, names in sorted(thin.items()):
        what = f"less than in the seasons around it: {', '.join(names)}"
        only = picture.only_source(season)
        brings = any(one.name == only for one in picture.providers)
        command = picture.ingest(season, source=only) if brings else LIST
        yield Finding(WARNING, "coverage-gap", label(picture.league, season), what, command, season)


def _bounds(picture: Picture, since: dict[int, list[str]], until: dict[int, list[str]]) -> Iterator[Finding]:
    for season, names in sorted(since.items()):
        yield _bound(picture, season, "begins", names)
    for season, names in sorted(until.items()):
        yield _bound(picture, season, "ends", names)


def _bound(picture: Picture, season: int, verb: str, names: Sequence[str]) -> Finding:
    what = f"{verb} here: {', '.join(names)}"
    name = label(picture.league, season)
    return Finding(INFO, f"coverage-{verb}", name, what, LIST, season)
