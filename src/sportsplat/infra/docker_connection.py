"""Asking an engine through its SDK, whose exceptions become errors of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra.engine import Found, client

if TYPE_CHECKING:
    import docker


class EngineRefusedError(EnvironmentUnavailable):
    """The engine refused a request (`ENGINE_REFUSED`); `words` are its own."""

    code = "ENGINE_REFUSED"

    def __init__(self, words: str, status: int = 0) -> None:
        """Keep the words, and the HTTP status; who knows what was wanted says what they mean for it."""
        super().__init__(
            "the container engine refused a request",
            cause=f"the engine says: {words}",
            fix="mend what it names, then run the same command again",
        )
        self.words = words
        self.status = status


class EngineConnection:
    """A connection to one engine, made at the first question.

    Whatever is asked raises EnvironmentUnavailable: `ENGINE_LOST` when the engine no longer answers,
    `ENGINE_REFUSED` (EngineRefusedError) when it says no.
    """

    def __init__(self, found: Found) -> None:
        """Nothing is connected yet."""
        self.found = found

    @cached_property
    def _api(self) -> docker.APIClient:
        """The SDK's client, made at the first question: loading it takes 0.13 s."""
        return client(self.found).api

    def is_alive(self) -> bool:
        """Whether the engine answers now."""
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        try:
            return bool(self._api.ping())
        except (DockerException, RequestException, ConnectionError):
            return False

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Turn the SDK's exceptions into ours."""
        from docker.errors import APIError, DockerException
        from requests.exceptions import RequestException
        from urllib3.exceptions import HTTPError

        try:
            yield
        except APIError as error:
            if error.is_server_error() and not self.is_alive():
                raise _lost(self.found, str(error.explanation)) from error
            raise EngineRefusedError(str(error.explanation or error), error.status_code or 0) from error
        except (RequestException, HTTPError, DockerException, ConnectionError) as error:
            raise _lost(self.found, str(error)) from error

    def _is_gone(self, remove: Callable[[], None]) -> bool:
        """Remove a thing; return False where the engine keeps it because it is in use."""
        try:
            with self._asked():
                remove()
        except EngineRefusedError as answer:
            if answer.status not in (403, 404, 409):
                raise
            return answer.status == 404
        return True


def _lost(found: Found, why: str) -> EnvironmentUnavailable:
    """Return the error for an engine that answered a moment ago."""
    return EnvironmentUnavailable(
        f"the container engine at {found.endpoint} went away",
        cause=why,
        fix="start it again (sudo systemctl start docker), then run the same command again",
        code="ENGINE_LOST",
    )
