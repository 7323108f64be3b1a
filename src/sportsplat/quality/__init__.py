"""Data quality of a league: what is stored and what is missing, as findings, text and an HTML page.

Part of the core: counts come in as values. It imports `leagues` and `domain`; `jobs`, `db.read` and
`cli.views` import it.
"""
