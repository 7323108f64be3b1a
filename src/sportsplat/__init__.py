"""Sportsplat: from an empty machine to an honest, market-scored forecasting model for sports matches."""

__version__ = "0.1.0"
