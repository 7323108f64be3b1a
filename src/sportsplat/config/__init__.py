"""Settings of a project: models, layers (YAML, .env, environment, flags), and how they are read.

It imports only `errors`, `redact` and `paths`; most packages import it.
"""
