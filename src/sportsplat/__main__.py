"""`python -m sportsplat`."""

from sportsplat.cli.app import main

main()
