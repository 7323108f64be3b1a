"""The API's container, its image, its login and its secret, beside the database in Docker.

Only `jobs` imports it.
"""
