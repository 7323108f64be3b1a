"""FiveThirtyEight's public files: NBA, NFL, club soccer, and the forecasts it checked.

It imports `sources.base` and `sources.reading`; `sources` loads it by name.
"""
