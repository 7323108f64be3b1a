"""The commands, one module a group: each parses its options, calls one job, and shows the result.

Nothing imports it but `cli.main`, and that only when a command runs.
"""
