"""nflverse: games of the NFL with prices and details.

It imports `sources.base`, `sources.reading` and `sources.web`; `sources` loads it by name.
"""
