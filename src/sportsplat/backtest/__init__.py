"""Walk-forward forecasts and the bets that follow from them, with honest intervals.

Part of the core: functions of values, no database, no files. It imports `models`, `betting` and
`leagues`; `jobs` imports it, and `cli.views` its texts.
"""
