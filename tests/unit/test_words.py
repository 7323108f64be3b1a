"""The sentences of a backtest say what its numbers say, both ways, and when there is nothing to say."""

from __future__ import annotations

from typing import Any

import pytest

from sportsplat.backtest.summary import caveats, headline
from sportsplat.number_text import percent, reading


def result(**changes: Any) -> dict[str, Any]:
    made = {
        "league": "epl",
        "model": "gbm",
        "matches": 1900,
        "from": "2017-08-01",
        "to": "2022-05-31",
        "forecast": {"log_loss": 0.9638},
        "baselines": {"elo": {"log_loss": 0.9698}, "market": {"log_loss": 0.9475}, "base_rate": {}},
        "paired": {
            "base_rate": {"matches": 1900, "log_loss_difference": -0.1, "ci95": [-0.12, -0.09]},
            "elo": {"matches": 1900, "log_loss_difference": -0.006, "ci95": [-0.0094, -0.0028]},
            "market": {"matches": 1890, "log_loss_difference": 0.0163, "ci95": [0.008, 0.024]},
        },
        "benchmark_price": "pinnacle closing",
        "calibration": {"ece": 0.0305, "ci95": [0.0, 0.041], "chance95": 0.0325},
        "betting": None,
        "notes": ["No betting: these matches have no entry price to bet at (pinnacle pre-match)."],
    }
    return made | changes


def betting(roi: float, low: float, high: float) -> dict[str, Any]:
    return {
        "bets": 2155,
        "entry_price": "pinnacle pre-match",
        "benchmark_price": "pinnacle closing",
        "roi": roi,
        "roi_ci95": [low, high],
        "clv": None,
        "clv_ci95": None,
        "detectable_edge": 0.128,
    }


def test_the_first_sentence_is_the_verdict() -> None:
    said = headline(result())
    assert said[0] == (
        "On 1,900 matches of epl from 2017-08-01 to 2022-05-31, gbm has a log loss of 0.9638: "
        "better than Elo and worse than the market."
    )
    assert said[1].startswith("Elo has 0.9698: ours is better by 0.0060 (ours minus theirs −0.0060")
    assert (
        "The market (pinnacle closing, margin removed) has 0.9475 on the 1,890 matches it covers" in said[2]
    )
    assert said[-1].endswith("up to 0.0325: no sign of miscalibration.")


@pytest.mark.parametrize(
    ("ece", "low", "said"),
    [(0.02, 0.0, ": no sign of"), (0.034, 0.0, ": no clear sign of"), (0.05, 0.012, ": a sign of")],
)
def test_miscalibration_is_claimed_only_where_the_interval_leaves_zero_out(
    ece: float, low: float, said: str
) -> None:
    calibration = {"ece": ece, "ci95": [low, 0.06], "chance95": 0.0325}
    assert headline(result(calibration=calibration))[-1].endswith(f"{said} miscalibration.")


def test_what_chance_explains_is_not_called_better_or_worse() -> None:
    undecided = result()
    undecided["paired"]["elo"]["ci95"] = [-0.01, 0.001]
    said = headline(undecided)
    assert "within noise of Elo" in said[0]
    assert "the difference is within noise on these matches" in said[1]


@pytest.mark.parametrize(
    ("roi", "low", "high", "verdict"),
    [
        (-0.05, -0.13, 0.031, "no profit or loss beyond chance"),
        (-0.05, -0.09, -0.01, "a loss beyond chance"),
        (0.05, 0.01, 0.09, "a profit beyond chance"),
    ],
)
def test_a_return_is_judged_by_its_interval(roi: float, low: float, high: float, verdict: str) -> None:
    assert verdict in headline(result(betting=betting(roi, low, high)))[-1]


def test_a_model_is_not_compared_with_itself() -> None:
    said = headline(result(model="elo"))
    assert said[0].endswith("elo has a log loss of 0.9638: worse than the market.")
    assert not any(sentence.startswith("Elo has") for sentence in said)


def test_a_published_forecast_is_named() -> None:
    published = result()
    published["baselines"]["truth"] = {"log_loss": 0.94}
    published["paired"]["truth"] = {"matches": 1900, "log_loss_difference": 0.02, "ci95": [0.01, 0.03]}
    assert any(
        sentence.startswith("The published forecast “truth” has 0.9400") for sentence in headline(published)
    )


def test_caveats_hold_the_notes_and_what_so_many_bets_can_show() -> None:
    said = caveats(result(betting=betting(-0.05, -0.13, 0.03)))
    assert said[0].startswith("No betting:")
    assert "2,155 bets could have detected an edge of 12.8% or more" in said[1]
    assert any("no limits" in sentence for sentence in said)
    assert not any("no limits" in sentence for sentence in caveats(result()))


@pytest.mark.parametrize(
    ("difference", "interval", "said"),
    [
        (-0.1, (-0.2, -0.01), "better"),
        (0.1, (0.01, 0.2), "worse"),
        (-0.1, (-0.2, 0.0), "within noise"),
        (-0.1, None, "within noise"),
    ],
)
def test_reading_an_interval(difference: float, interval: tuple[float, float] | None, said: str) -> None:
    assert reading(difference, interval) == said


def test_percentages_have_a_minus_as_wide_as_a_plus() -> None:
    assert (percent(-0.0312, sign=True), percent(0.0312, sign=True), percent(0.5)) == (
        "−3.1%",
        "+3.1%",
        "50.0%",
    )
