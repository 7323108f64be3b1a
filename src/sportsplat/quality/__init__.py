"""Data quality of a league: what is stored and what is missing, as findings, text and an HTML page."""
