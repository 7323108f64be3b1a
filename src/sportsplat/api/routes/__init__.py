"""Routes of the HTTP server, one module per resource.

Only `api.app` imports them.
"""
