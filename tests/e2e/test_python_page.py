"""The page about Python: its code runs, from an empty folder on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sportsplat
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "python.md"


def test_the_code_of_the_page_runs_and_ends_between_the_market_and_a_coin(project_dir: Path) -> None:
    source = code_of_the_page()
    names: dict[str, Any] = {}
    try:
        exec(compile(source, str(PAGE), "exec"), names)  # noqa: S102 - the code of our own page
    finally:
        sportsplat.open(project_dir, settings={"infra.backend": "embedded"}).down(volumes=True)
    assert names["report"].matches.inserted == 4 * 480
    assert names["tested"].matches == 2 * 480
    assert names["market_loss"] < names["my_loss"] < np.log(2)
    check_frame(names["frame"])
    assert set(names["bets"]["run_id"]) == {names["tested"].run_id}
    assert names["bets"]["profit"].sum() == pytest.approx(names["tested"].betting["profit"])


def code_of_the_page() -> str:
    """Return all code blocks of the page, in order."""
    page = PAGE.read_text(encoding="utf-8")
    return "\n".join(re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL))


def check_frame(frame: pd.DataFrame) -> None:
    """Features, results and market are apart, and the market is a probability."""
    groups = [frame.attrs[name] for name in ("features", "results", "market")]
    assert groups[1:] == [["home_score", "away_score", "outcome"], ["market_home", "market_away"]]
    assert not set(groups[0]) & {*groups[1], *groups[2]}
    assert frame[groups[2]].dropna().sum(axis=1).to_numpy() == pytest.approx(1)
    home_won = frame["home_score"] > frame["away_score"]
    assert (frame.loc[home_won, "outcome"] == "home").all()
