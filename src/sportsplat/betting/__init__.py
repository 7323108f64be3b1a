"""Prices and stakes: odds formats, fair probabilities, Kelly, settlement, closing-line value."""
