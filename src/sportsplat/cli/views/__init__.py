"""Tables and texts for the terminal, made from the results of jobs.

Only `cli.commands` imports it.
"""
