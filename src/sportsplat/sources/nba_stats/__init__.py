"""stats.nba.com: team game logs from files, or live with the extra `nba`."""
