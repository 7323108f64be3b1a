"""Settings of a project: models, layers (YAML, .env, environment, flags), and how they are read.

Imports only `errors`, `domain`, `redact` and `paths`.
"""
