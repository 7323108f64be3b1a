"""Use cases, one per module: what a command, a route or a method of a project does.

A job takes a `Context` or settings and returns a frozen dataclass. Only here do the core, the database,
files and sources meet: it imports all of them; `cli`, `api` and `project` import it.
"""
