"""The result of a backtest in sentences and in tables of text, for the terminal and for the HTML report."""

from __future__ import annotations

from sportsplat.domain import JsonObject
from sportsplat.number_text import in_words, minus, percent, percent_interval, reading

NAMES = {"base_rate": "the base rate", "elo": "Elo", "market": "the market"}


def headline(result: JsonObject) -> list[str]:
    """Return the result in sentences: the verdict, our log loss beside each baseline's, then the bets."""
    said = [_verdict(result)]
    said += [_against(name, result) for name in _worth_saying(result)]
    return [*said, _calibration_in_words(result["calibration"]), *_bets_in_words(result["betting"])]


def caveats(result: JsonObject) -> list[str]:
    """Return the caveats that apply to the numbers."""
    said = list(result["notes"])
    betting = result["betting"]
    if betting and betting["detectable_edge"] is not None:
        said.append(
            f"{betting['bets']:,} bets could have detected an edge of {percent(betting['detectable_edge'])} "
            "or more (two-sided test at 5%, power 80%); a smaller edge cannot be distinguished from none."
        )
    if betting and betting["bets"]:
        said.append(
            "Every stake is filled in full at the quoted price: no limits, no rejected bets, no price impact."
        )
        said.append(
            "Kelly stakes grow with the bankroll, so bets have different weights in its return; flat "
            "stakes weight every bet equally."
        )
    said.append(
        "Intervals are bootstrapped by match day. They measure chance on these matches and do not correct "
        "for the number of models tried."
    )
    return said


def score_rows(result: JsonObject) -> list[dict[str, str]]:
    """Return the table of scores as text: ours first, then each baseline with the paired difference."""
    rows = [_score_row(result["model"], result["matches"], result["forecast"], None)]
    for name, theirs in result["baselines"].items():
        if theirs is not None and name != result["model"]:
            rows.append(_score_row(name, theirs["matches"], theirs, result["paired"][name]))
    return rows


def bet_rows(betting: JsonObject | None) -> list[dict[str, str]]:
    """Return the table of bets as text: Kelly and flat stakes at the entry price, and at the close."""
    if betting is None:
        return []
    rows = [
        ("Kelly", betting["entry_price"], betting),
        ("Flat, one unit", betting["entry_price"], betting["flat"]),
    ]
    close = betting["at_close"]
    if close is not None and close["price"] != betting["entry_price"]:
        rows += [
            ("The Kelly bets above, paid at the close", close["price"], close["same_bets"]),
            ("Kelly, choosing at the close", close["price"], close["kelly"]),
            ("Flat, choosing at the close", close["price"], close["flat"]),
        ]
    return [_bet_row(name, price, returns) for name, price, returns in rows]


def _verdict(result: JsonObject) -> str:
    """One sentence: how many matches, our log loss, and on which side of whom it stands."""
    model, paired = result["model"], result["paired"]
    judged = [name for name in ("elo", "market") if name in paired and name != model]
    readings = {name: reading(paired[name]["log_loss_difference"], paired[name]["ci95"]) for name in judged}
    parts = [
        {"better": "better than", "worse": "worse than", "within noise": "within noise of"}[how]
        + f" {NAMES[name]}"
        for name, how in readings.items()
    ]
    beside = f": {' and '.join(parts)}" if parts else ""
    return (
        f"On {result['matches']:,} matches of {result['league']} from {result['from']} to {result['to']}, "
        f"{model} has a log loss of {result['forecast']['log_loss']:.4f}{beside}."
    )


def _worth_saying(result: JsonObject) -> list[str]:
    others = [name for name in result["paired"] if name not in {"base_rate", "elo", "market"}]
    return [
        name for name in ("elo", "market", *others) if name in result["paired"] and name != result["model"]
    ]


def _against(name: str, result: JsonObject) -> str:
    paired, theirs = result["paired"][name], result["baselines"][name]["log_loss"]
    gap, interval = paired["log_loss_difference"], paired["ci95"]
    who = _who(name, result)
    on = "" if paired["matches"] == result["matches"] else f" on the {paired['matches']:,} matches it covers"
    verdict = {
        "better": f"ours is better by {abs(gap):.4f}",
        "worse": f"ours is worse by {abs(gap):.4f}",
        "within noise": "the difference is within noise on these matches",
    }[reading(gap, interval)]
    return (
        f"{who[0].upper()}{who[1:]} has {theirs:.4f}{on}: {verdict} "
        f"(ours minus theirs {minus(f'{gap:+.4f}')}, 95% interval {in_words(interval)})."
    )


def _calibration_in_words(calibration: JsonObject) -> str:
    low, high = calibration["ci95"]
    beyond_chance = calibration["ece"] > calibration["chance95"]
    verdict = "a sign of" if low > 0.0 else "no clear sign of" if beyond_chance else "no sign of"
    return (
        f"The calibration error is {calibration['ece']:.4f} (95% interval {low:.4f} to {high:.4f}); "
        f"chance alone gives a perfect forecaster up to {calibration['chance95']:.4f}: "
        f"{verdict} miscalibration."
    )


def _who(name: str, result: JsonObject) -> str:
    price = result["benchmark_price"]
    if name == "market" and price:
        return f"the market ({price}, margin removed)"
    return NAMES.get(name, f"the published forecast “{name}”")


def _bets_in_words(betting: JsonObject | None) -> list[str]:
    if betting is None:
        return []
    if not betting["bets"]:
        return ["No match had enough edge to bet on."]
    interval = betting["roi_ci95"]
    shown = "no profit or loss beyond chance"
    if interval is not None and interval[0] > 0:
        shown = "a profit beyond chance"
    elif interval is not None and interval[1] < 0:
        shown = "a loss beyond chance"
    said = [
        f"{betting['bets']:,} Kelly bets at {betting['entry_price']} prices returned "
        f"{percent(betting['roi'], sign=True)} of the amount staked "
        f"(95% interval {percent_interval(interval)}): {shown}."
    ]
    if betting["clv"] is not None:
        said.append(
            f"Against the fair {betting['benchmark_price']} price the bets were worth "
            f"{percent(betting['clv'], sign=True)} a unit "
            f"(95% interval {percent_interval(betting['clv_ci95'])})."
        )
    return said


def _score_row(name: str, matches: int, scores: JsonObject, paired: JsonObject | None) -> dict[str, str]:
    shown = {
        key: "–" if scores[key] is None else f"{scores[key]:.4f}"
        for key in ("log_loss", "brier", "rps", "ece")
    }
    return {
        "name": name.replace("_", " "),
        "matches": f"{matches:,}",
        **shown,
        "accuracy": percent(scores["accuracy"]),
        "difference": "" if paired is None else minus(f"{paired['log_loss_difference']:+.4f}"),
        "interval": "" if paired is None else in_words(paired["ci95"]),
        "reading": "" if paired is None else reading(paired["log_loss_difference"], paired["ci95"]),
    }


def _bet_row(name: str, price: str, returns: JsonObject) -> dict[str, str]:
    nothing = not returns["bets"]
    return {
        "name": name,
        "price": price,
        "bets": f"{returns['bets']:,}",
        "staked": f"{returns['staked']:,.1f}",
        "profit": minus(f"{returns['profit']:+,.1f}"),
        "roi": "–" if nothing else percent(returns["roi"], sign=True),
        "interval": "–" if nothing else percent_interval(returns["roi_ci95"]),
    }
