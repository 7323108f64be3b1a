"""football-data.co.uk: season files, coming fixtures, and their price columns."""
