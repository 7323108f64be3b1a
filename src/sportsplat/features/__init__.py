"""One row per match of what was known of both teams at its decision moment.

Part of the core: `asof` is the only access to history, one module has one family of features, `build` puts
them side by side. It imports `ratings`, `leagues` and `errors`; `models` and `jobs` import it.
"""
