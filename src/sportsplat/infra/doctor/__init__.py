"""The checks of `sportsplat doctor`: the machine, the project, and the container engine.

Only `jobs` imports it.
"""
