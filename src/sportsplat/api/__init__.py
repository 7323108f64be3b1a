"""The HTTP server: what is stored, as JSON."""
