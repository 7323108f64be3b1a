"""One row per match of what was known of both teams at its decision moment."""
