"""Prices and stakes: odds formats, fair probabilities, Kelly, settlement, closing-line value.

Part of the core: arithmetic with its source in each docstring. It imports only `errors`;
`backtest`, `sources` and `jobs` import it.
"""
