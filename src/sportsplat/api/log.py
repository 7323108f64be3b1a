"""The log of the server process: one line a request, times in UTC, on stderr as everything but the answer."""

from __future__ import annotations

import logging
import time
from typing import Any

FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)s "


class UtcFormatter(logging.Formatter):
    """Writes the time in UTC."""

    converter = staticmethod(time.gmtime)


class AccessFormatter(UtcFormatter):
    """Writes `client "METHOD /path HTTP/1.1" status` from the arguments of uvicorn's access log."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the name in the library)
        """Put the line together."""
        client, method, path, version, status = record.args or ("", "", "", "", "")
        record.message = f'{client} "{method} {path} HTTP/{version}" {status}'
        return super().formatMessage(record)


def log_config(*, verbose: bool = False) -> dict[str, Any]:
    """Return the configuration for `logging.config.dictConfig` that uvicorn and its workers take.

    verbose: also what the server does at its start and end.
    """
    formatter = {"format": FORMAT + "%(message)s", "datefmt": "%Y-%m-%dT%H:%M:%S"}
    level = "INFO" if verbose else "WARNING"
    stream = {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "default": {"()": f"{__name__}.UtcFormatter", **formatter},
            "access": {"()": f"{__name__}.AccessFormatter", **formatter},
        },
        "handlers": {
            "default": {**stream, "formatter": "default"},
            "access": {**stream, "formatter": "access"},
        },
        "loggers": {
            "uvicorn": {
                "handlers": ["default"],
                "level": level,
                "propagate": False,
            },
            "uvicorn.access": {"handlers": ["access"], "level": "INFO", "propagate": False},
            "sportsplat.api": {"handlers": ["default"], "propagate": False},
        },
    }
