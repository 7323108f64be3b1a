"""The family tree of errors; each class carries its exit code, its HTTP status and its next step.

    SportsplatError                          exit  HTTP
    ├── UsageError                              2   422   a value that the command cannot take
    ├── ConfigError                             3   500
    │   ├── UnknownSetting                      3
    │   ├── InvalidSetting                      3
    │   └── SecretInYaml                        3
    ├── EnvironmentUnavailable                  4   503   no engine, database down
    │   └── SourcesFailed                       4   503   a live source was down, and `--strict` was asked
    ├── ResourceConflict                        5   409   port taken, lock held
    ├── DataConflict                            6   409   wrong major or password, incomplete data
    ├── MigrationError                          7   503
    │   └── SchemaDrift                         7
    ├── TimedOut                                8   504
    ├── InputRefused                            9   422
    │   └── SourceUnavailable                   9   502
    ├── CheckFailed                            10   409   a check said no
    │   ├── LeakageFound                       10
    │   ├── PreconditionFailed                 10
    │   ├── DataLacking                        10
    │   └── PromotionRefused                   10
    └── NotFound                                2   404   no such league, model, match

A message answers four questions: what happened (`message`), which value was seen and where it came from
(`cause`), and which command comes next (`fix`). Facts that a program may want are kept in `details`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class SportsplatError(Exception):
    """Any failure that sportsplat foresees."""

    code: ClassVar[str] = "ERROR"
    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        cause: str | None = None,
        fix: str | None = None,
        code: str | None = None,
        **details: Any,
    ) -> None:
        """Keep the facts; `code` narrows the class's own code (`PORT_TAKEN` for a `ResourceConflict`)."""
        super().__init__(message)
        self.message = message
        self.cause = cause
        self.fix = fix
        self.details = details
        self._code = code

    @property
    def error_code(self) -> str:
        """The stable upper-case name that scripts match on."""
        return self._code or type(self).code

    def to_dict(self) -> dict[str, Any]:
        """Return the `error` object of the JSON envelope and of the API."""
        return {
            "code": self.error_code,
            "message": self.message,
            "cause": self.cause,
            "fix": self.fix,
            "retryable": self.retryable,
        }


class UsageError(SportsplatError):
    """A flag or argument that the command cannot take."""

    code = "USAGE"
    exit_code = 2
    http_status = 422


class NotFound(SportsplatError):
    """A name (league, model, match, source) that does not exist here."""

    code = "NOT_FOUND"
    exit_code = 2
    http_status = 404


class ConfigError(SportsplatError):
    """The configuration cannot be used as it stands."""

    code = "CONFIG"
    exit_code = 3


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
    exit_code = 4
    http_status = 503
    retryable = True


class SourcesFailed(EnvironmentUnavailable):
    """Live sources that gave nothing; `details["report"]` says what came of the others."""

    code = "SOURCES_FAILED"

    def to_dict(self) -> dict[str, Any]:
        """Return the `error` object with the report in it: scripts read what came all the same."""
        return super().to_dict() | ({"details": self.details} if self.details else {})


class ResourceConflict(SportsplatError):
    """Something else holds the port or the lock."""

    code = "RESOURCE_CONFLICT"
    exit_code = 5
    http_status = 409
    retryable = True


class DataConflict(SportsplatError):
    """Stored data that this cannot open: wrong major, wrong password, incomplete initialisation."""

    code = "DATA_CONFLICT"
    exit_code = 6
    http_status = 409


class MigrationError(SportsplatError):
    """A migration failed, or the schema is not at the revision that the code needs."""

    code = "MIGRATION_FAILED"
    exit_code = 7
    http_status = 503


class SchemaDrift(MigrationError):
    """The live schema differs from what the migrations make."""

    code = "SCHEMA_DRIFT"


class TimedOut(SportsplatError):
    """A wait came to its end."""

    code = "TIMED_OUT"
    exit_code = 8
    http_status = 504
    retryable = True


class InputRefused(SportsplatError):
    """Input data that cannot be used: not this source's format, unreadable, nothing in it."""

    code = "INPUT_REFUSED"
    exit_code = 9
    http_status = 422


class SourceUnavailable(InputRefused):
    """The public site did not give the file."""

    code = "SOURCE_UNAVAILABLE"
    http_status = 502
    retryable = True


class CheckFailed(SportsplatError):
    """A check said no."""

    code = "CHECK_FAILED"
    exit_code = 10
    http_status = 409


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

    def to_dict(self) -> dict[str, Any]:
        """Return the `error` object with all rows in it: scripts read those that hold, too."""
        return super().to_dict() | ({"details": self.details} if self.details else {})


class DataLacking(CheckFailed):
    """`data quality --strict` found an error; `details` has the whole report."""

    code = "DATA_LACKING"

    def to_dict(self) -> dict[str, Any]:
        """Return the `error` object with the report in it: scripts read the numbers all the same."""
        return super().to_dict() | ({"details": self.details} if self.details else {})


class PromotionRefused(CheckFailed):
    """A model that does not beat Elo on held-out time."""

    code = "PROMOTION_REFUSED"
