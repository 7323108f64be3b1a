"""Features, training, prediction, backtests and the leakage audit.

`cli` and `api` import it.
"""
