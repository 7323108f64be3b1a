"""The command line: parse, call one job, render. Nothing here computes anything."""
