"""Use cases, one per module: the only place where the core meets the shell."""
