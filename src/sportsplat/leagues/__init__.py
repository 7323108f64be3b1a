"""Leagues: rules, season days, and team names, read from `config/leagues.yaml` and `config/teams/`.

Imports only `errors`, `domain`, `paths` and `config`.
"""
