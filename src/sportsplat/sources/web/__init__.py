"""Fetching over HTTP: retries, pauses, and the cache of raw answers.

Only other modules of `sources` import it.
"""
