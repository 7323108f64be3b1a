"""FiveThirtyEight's public files: NBA, NFL, club soccer, and the forecasts it checked."""
