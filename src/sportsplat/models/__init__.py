"""Fitted predictors: from rows of features to probabilities over a league's outcomes.

Part of the core: fits are pure functions of a `Dataset`. It imports `features`, `leagues` and `domain`;
`backtest`, `db.models` and `jobs` import it.
"""
