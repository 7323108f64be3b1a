"""stats.nba.com: team game logs from files, or live with the extra `nba`.

It imports `sources.base`, `sources.reading` and `sources.web`; `sources` loads it by name.
"""
