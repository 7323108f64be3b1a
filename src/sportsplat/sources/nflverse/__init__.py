"""nflverse: games of the NFL with prices and details."""
