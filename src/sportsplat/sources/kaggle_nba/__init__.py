"""NBA data sets of Kaggle: betting prices, games, and team statistics."""
