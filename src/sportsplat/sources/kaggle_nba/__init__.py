"""NBA data sets of Kaggle: betting prices, games, and team statistics.

It imports `sources.base` and `sources.reading`; `sources` loads it by name.
"""
