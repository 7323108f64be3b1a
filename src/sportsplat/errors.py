"""The family tree of errors: what a caller can catch. Each class stands for one exit code.

    SportsplatError                          exit
    ├── UsageError                              2   a flag, argument or parameter that is not allowed
    ├── NotFound                                2   no such league, model, match
    ├── ConfigError                             3
    │   ├── UnknownSetting
    │   ├── InvalidSetting
    │   └── SecretInYaml
    ├── EnvironmentUnavailable                  4   no engine, database down
    │   └── SourcesFailed                           a live source was down, and `--strict` was used
    ├── ResourceConflict                        5   port taken, lock held
    ├── DataConflict                            6   wrong version or password, incomplete data
    ├── MigrationError                          7
    │   └── SchemaDrift
    ├── TimedOut                                8
    ├── InputRefused                            9
    │   └── SourceUnavailable
    └── CheckFailed                            10   a check failed
        ├── LeakageFound
        ├── PreconditionFailed
        ├── DataLacking
        └── PromotionRefused

Every error has a code, which narrows its class (`PORT_TAKEN` is a `ResourceConflict`). Exit code, HTTP status
and `retryable` belong to the code and are written in `sportsplat.error_codes`.

A message answers three questions: what happened (`message`), which value was seen and where it came from
(`cause`), and which command comes next (`fix`). Facts that a program may want are in `details`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sportsplat.error_codes import CODES
from sportsplat.plain_values import to_plain
from sportsplat.redact import redact_data


class SportsplatError(Exception):
    """Any failure that sportsplat expects."""

    code: ClassVar[str] = "ERROR"
    """The code of an error that is raised without one. Its exit code is that of every code of the class."""

    def __init__(
        self,
        message: str,
        *,
        cause: str | None = None,
        fix: str | None = None,
        code: str | None = None,
        **details: Any,
    ) -> None:
        """Keep the facts. Raises ValueError for a code that is not registered, or not for this class."""
        super().__init__(message)
        self.message = message
        self.cause = cause
        self.fix = fix
        self.details = details
        self.error_code = code or type(self).code
        """The stable upper-case name that scripts match on."""
        if CODES.get(self.error_code) is None:
            raise ValueError(f"the error code {self.error_code!r} is not in sportsplat.error_codes")
        if self.exit_code != CODES[type(self).code].exit_code:
            raise ValueError(f"the error code {self.error_code!r} has another exit code than {type(self)!r}")

    @property
    def exit_code(self) -> int:
        """The exit code of the program."""
        return CODES[self.error_code].exit_code

    @property
    def http_status(self) -> int:
        """The status of an API response."""
        return CODES[self.error_code].http_status

    @property
    def retryable(self) -> bool:
        """Whether the same command or request may succeed later without a change to it."""
        return CODES[self.error_code].retryable

    @property
    def data(self) -> dict[str, Any] | None:
        """The result that the command returns in spite of the error; None: nothing."""
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return the `error` object of the JSON envelope and of the API; details are redacted JSON values."""
        error = {
            "code": self.error_code,
            "message": self.message,
            "cause": self.cause,
            "fix": self.fix,
            "retryable": self.retryable,
        }
        return error | ({"details": redact_data(to_plain(self.details))} if self.details else {})


class UsageError(SportsplatError):
    """A flag or argument that the command cannot take."""

    code = "USAGE"


class NotFound(SportsplatError):
    """A name (league, model, match, source) that does not exist here."""

    code = "NOT_FOUND"


class ConfigError(SportsplatError):
    """The configuration cannot be used as it stands."""

    code = "CONFIG"


class UnknownSetting(ConfigError):
    """A key that no setting has."""

    code = "UNKNOWN_SETTING"


class InvalidSetting(ConfigError):
    """A value of the wrong type or outside its range."""

    code = "INVALID_SETTING"


class SecretInYaml(ConfigError):
    """A password or key in a file that is meant to be committed."""

    code = "SECRET_IN_YAML"


class EnvironmentUnavailable(SportsplatError):
    """No engine, or the database does not answer."""

    code = "ENVIRONMENT_UNAVAILABLE"


class SourcesFailed(EnvironmentUnavailable):
    """Live sources that gave nothing; `details["report"]` says what came of the others."""

    code = "SOURCES_FAILED"

    @property
    def data(self) -> dict[str, Any] | None:
        """The report of the command: what came all the same."""
        return self.details.get("report")


class ResourceConflict(SportsplatError):
    """Something else holds the port or the lock."""

    code = "RESOURCE_CONFLICT"


class DataConflict(SportsplatError):
    """Stored data that this cannot open: wrong major, wrong password, incomplete initialisation."""

    code = "DATA_CONFLICT"


class MigrationError(SportsplatError):
    """A migration failed, or the schema is not at the revision that the code needs."""

    code = "MIGRATION_FAILED"


class SchemaDrift(MigrationError):
    """The live schema differs from what the migrations make."""

    code = "SCHEMA_DRIFT"


class TimedOut(SportsplatError):
    """A wait came to its end."""

    code = "TIMED_OUT"


class InputRefused(SportsplatError):
    """Input data that cannot be used: not this source's format, unreadable, nothing in it."""

    code = "INPUT_REFUSED"


class SourceUnavailable(InputRefused):
    """The public site did not give the file."""

    code = "SOURCE_UNAVAILABLE"


class CheckFailed(SportsplatError):
    """A check said no."""

    code = "CHECK_FAILED"


class LeakageFound(CheckFailed):
    """A feature changed when the future was taken away."""

    code = "LEAKAGE_FOUND"


class PreconditionFailed(CheckFailed):
    """`doctor` found something that does not hold; `details["checks"]` has all of its rows."""

    code = "UNHEALTHY"

    @classmethod
    def of(cls, checks: Sequence[Mapping[str, Any]]) -> PreconditionFailed:
        """Name the rows whose `state` is fail; the first one's fix is the next command."""
        failed = [row for row in checks if row["state"] == "fail"]
        return cls(
            f"{len(failed)} of {len(checks)} checks failed: {', '.join(row['name'] for row in failed)}",
            cause="; ".join(row["seen"] for row in failed),
            fix=failed[0]["fix"],
            checks=list(checks),
        )


class DataLacking(CheckFailed):
    """`data quality --strict` found an error; `details` has the whole report."""

    code = "DATA_LACKING"


class PromotionRefused(CheckFailed):
    """A model that does not beat Elo on held-out time."""

    code = "PROMOTION_REFUSED"
