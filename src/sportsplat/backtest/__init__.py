"""Walk-forward forecasts and the bets that follow from them, with honest intervals."""
