"""Reading facts: frames cut at a moment, keyed reads of the API, counts for data quality.

`jobs` and `api` import it.
"""
