"""football-data.co.uk: season files, coming fixtures, and their price columns.

It imports `sources.base`, `sources.reading` and `sources.web`; `sources` loads it by name.
"""
