"""Ratings of teams, learned result by result in the order in which results became known."""
