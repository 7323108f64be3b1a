"""Ratings of teams, learned result by result in the order in which results became known.

Part of the core: plain arrays in and out. It imports `leagues` and `errors`; `features` imports it.
"""
