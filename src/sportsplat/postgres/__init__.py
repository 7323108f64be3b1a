"""What every PostgreSQL connection needs: session settings, notices, and errors decided by SQLSTATE.

`infra` and `db` both import it; it imports only `errors`.
"""
