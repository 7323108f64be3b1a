"""Leagues: rules, season days, and team names, read from `config/leagues.yaml` and `config/teams/`.

It imports only `errors`, `paths` and `config`; every package above imports it.
"""
