"""Fitted predictors: from rows of features to probabilities over a league's outcomes."""
