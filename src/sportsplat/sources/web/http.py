"""Fetching over HTTP: conditional requests against the raw cache, retries with backoff.

An answer of 200, 304 or 404 is final. After anything else (no connection, time-out, broken off, 429, 5xx) the
request is repeated with growing pauses; after the last attempt a cached copy is used, with a warning.
Requests to one host are spaced out.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import random
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

import httpx
import stamina

from sportsplat import __version__
from sportsplat.config.network_settings import client_options, describe_proxies
from sportsplat.errors import SourceUnavailable
from sportsplat.redact import redact
from sportsplat.sources.base import Payload
from sportsplat.sources.text import LARGEST_BYTES, web_page
from sportsplat.sources.web.cache import Copy, RawCache

if TYPE_CHECKING:
    from pydantic import SecretStr

    from sportsplat.config.settings import Settings


JITTER = 0.25  # share of the distance by which a request may come later


class Pace:
    """When each host was last asked, for the whole process: sources share hosts, and so do leagues."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Take a clock in seconds, a way to wait on it, and numbers from 0 to 1."""
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._next: dict[str, float] = {}
        self._lock = Lock()

    def wait(self, host: str, distance_s: float) -> None:
        """Wait until `host` may be asked; the next has to wait `distance_s` seconds, or a quarter more."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next.get(host, now))
            self._next[host] = turn + distance_s * (1 + JITTER * self._chance())
        if turn > now:
            self._sleep(turn - now)


PACE = Pace()
"""The process's own."""


LONGEST_WAIT_S = 60.0  # a site that asks for more is not waited for
TRANSFER_FACTOR = 10  # a whole answer may take so many times as long as one pause within it
PAGE_BYTES = 65_536  # of an answer, to tell a web page by
Refuse = Callable[[str, str, bytes], None]
log = logging.getLogger(__name__)


class _NoAnswer(Exception):
    """The site answered, and not with the file: asked too often, or out of order."""

    def __init__(self, status: str, retry_after_s: float | None, repeatable: bool) -> None:
        super().__init__(f"the site answered {status}")
        self.retry_after_s = retry_after_s
        self.repeatable = repeatable


class Access(NamedTuple):
    """What a site with a key wants besides the address.

    query: secret parameters, sent and kept nowhere: in no cache, no payload's name, no error.
    examine: is handed each answer of this site, before anything else looks at it, and may raise.
    """

    query: Mapping[str, SecretStr]
    examine: Callable[[httpx.Response], None]

    def add_to(self, url: str) -> str:
        """Return the address that is really asked for."""
        words = "&".join(
            f"{name}={quote(value.get_secret_value(), safe='')}" for name, value in self.query.items()
        )
        return f"{url}{'&' if '?' in url else '?'}{words}"


class Fetcher:
    """Gets files into the cache and hands back their bytes."""

    def __init__(
        self,
        client: httpx.Client,
        cache: RawCache,
        *,
        source: str,
        attempts: int,
        transfer_s: float,
        first_wait_s: float = 0.5,
        distance_s: float = 0.0,
        site_closed: str | None = None,
    ) -> None:
        """Take a client with its time-outs set; `first_wait_s` doubles with each attempt.

        source: for the commands in errors. distance_s: seconds from one request to a host to the next.
        site_closed: when the source's own site closed; see `Source.site_closed`.
        """
        self._client = client
        self._cache = cache
        self._source = source
        self._site_closed = site_closed
        self._attempts = attempts
        self._transfer_s = transfer_s
        self._first_wait_s = first_wait_s
        self._distance_s = distance_s

    def get(
        self,
        url: str,
        *,
        what: str,
        refuse: Refuse | None = None,
        fresh_since: datetime | None = None,
        access: Access | None = None,
    ) -> Payload:
        """Return the file at `url`: from the site or, where that has nothing newer or no answer, the cache.

        what: the name of this file in errors, as "the season 2021/22 of Premier League". refuse: raises
        SourceUnavailable for bytes that are not the file, before they are kept (default: a web page).
        fresh_since: a copy that was fetched at this moment or later serves, and the site is not asked.
        access: of a site with a key; there no old copy serves where the site gives nothing.

        Raises:
            SourceUnavailable: the site has no such file (REMOTE_FILE_MISSING), answers with a web page
                (REMOTE_NOT_DATA), or does not answer and nothing is cached (SOURCE_UNAVAILABLE;
                NO_NETWORK where its name cannot be resolved, or no way leads there).
        """
        fresh = None if fresh_since is None else self.cached(url, fresh_since)
        if fresh is not None:
            return fresh
        cached = self._cache.load(url)
        try:
            return Payload.of(url, self._ask_repeatedly(url, what, cached, refuse, access).data)
        except (httpx.HTTPError, httpx.InvalidURL, _NoAnswer) as problem:
            detail = redact(str(problem) or type(problem).__name__) + _through_proxy(problem)
            if cached is None or access is not None:
                raise self._unavailable(url, what, detail, no_network=_is_no_network(problem)) from problem
        stale = f"{detail}; using the copy fetched on {cached.fetched_at:%Y-%m-%d %H:%M} UTC"
        log.warning("%s: %s", url, stale)
        return Payload.of(url, cached.data)._replace(stale=stale)

    def cached(self, url: str, fresh_since: datetime) -> Payload | None:
        """Return the copy of `url` if it was fetched at this moment or later."""
        copy = self._cache.load(url)
        return Payload.of(url, copy.data) if copy is not None and copy.fetched_at >= fresh_since else None

    def _ask_repeatedly(
        self, url: str, what: str, cached: Copy | None, refuse: Refuse | None, access: Access | None
    ) -> Copy:
        for attempt in stamina.retry_context(
            on=_pause_after,
            attempts=self._attempts,
            timeout=None,
            wait_initial=self._first_wait_s,
            wait_max=LONGEST_WAIT_S,
            wait_jitter=self._first_wait_s,
        ):
            with attempt:
                return self._ask(url, what, cached, refuse or refuse_web_page, access)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _ask(self, url: str, what: str, cached: Copy | None, refuse: Refuse, access: Access | None) -> Copy:
        PACE.wait(urlsplit(url).netloc, self._distance_s)
        asked = access.add_to(url) if access else url
        follow = self._client.follow_redirects and access is None  # a key goes to no other site
        with self._client.stream(
            "GET", asked, headers=_conditions(cached), follow_redirects=follow
        ) as answer:
            if access is not None:
                access.examine(answer)
            if answer.status_code == httpx.codes.NOT_MODIFIED and cached is not None:
                still = cached._replace(fetched_at=datetime.now(UTC))
                self._cache.store(url, still)
                return still
            if answer.status_code in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
                raise SourceUnavailable(
                    f"the site has no file for {what}",
                    code="REMOTE_FILE_MISSING",
                    cause=f"{url} answered {_status(answer)}",
                    fix="check the season (the year in which it starts) and config/settings.yaml's address",
                    url=url,
                )
            if answer.status_code != httpx.codes.OK:
                repeatable = answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error
                raise _NoAnswer(_status(answer), _retry_after_s(answer), repeatable)
            data = self._body(url, answer)
        refuse(url, what, data)
        Payload.of(url, data)  # a damaged packed file is refused before it is kept
        copy = Copy(
            data,
            hashlib.sha256(data).hexdigest(),
            answer.headers.get("ETag"),
            answer.headers.get("Last-Modified"),
            datetime.now(UTC),
        )
        self._cache.store(url, copy)
        return copy

    def _body(self, url: str, answer: httpx.Response) -> bytes:
        """Read the whole body; httpx itself refuses one that is shorter than its Content-Length."""
        deadline = monotonic() + self._transfer_s
        parts: list[bytes] = []
        size = 0
        for part in answer.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > LARGEST_BYTES:
                raise SourceUnavailable(
                    f"the site's file is larger than {LARGEST_BYTES >> 20:,} MB",
                    code="REMOTE_TOO_LARGE",
                    cause=f"{url} sent more than that",
                    fix="download it another way, and split it",
                    url=url,
                )
            if monotonic() > deadline:
                raise httpx.ReadTimeout(f"not complete after {self._transfer_s:g} s", request=answer.request)
        return b"".join(parts)

    def _unavailable(self, url: str, what: str, detail: str, *, no_network: bool) -> SourceUnavailable:
        first = "try again later" if self._site_closed is None else f"the site closed in {self._site_closed}"
        file = f"pass a file you have already downloaded: sportsplat ingest {self._source} FILE"
        if no_network:
            return SourceUnavailable(
                f"{urlsplit(url).hostname} cannot be reached from here, for {what}",
                code="NO_NETWORK",
                cause=f"{url}: {detail}, and no copy is cached",
                fix=f"check the connection (proxies and certificates: sportsplat doctor), or {file}",
                url=url,
            )
        return SourceUnavailable(
            f"the site did not return the file for {what}",
            cause=f"{url}: {detail} (after {self._attempts} attempts at most), and no copy is cached",
            fix=f"{first}{', or' if self._site_closed is None else ':'} {file}",
            url=url,
        )


@contextmanager
def open_fetcher(
    settings: Settings,
    source: str,
    *,
    headers: Mapping[str, str] | None = None,
    site_closed: str | None = None,
) -> Iterator[Fetcher]:
    """Make a fetcher with time-out, attempts and cache folder of the settings; `headers` win over ours.

    source, site_closed: see `Fetcher`. Raises ConfigError (`NETWORK_SETTING`) for a variable of the system,
    a proxy or a place of certificates, that cannot be used.
    """
    stamina.instrumentation.set_on_retry_hooks([_tell_retry])
    timeout_s = settings.sources.timeout_s
    with httpx.Client(
        **client_options(),
        timeout=timeout_s,
        follow_redirects=True,
        headers={"User-Agent": f"sportsplat/{__version__}", **(headers or {})},
    ) as client:
        yield Fetcher(
            client,
            RawCache(settings.cache_dir),
            source=source,
            site_closed=site_closed,
            attempts=settings.sources.attempts,
            transfer_s=TRANSFER_FACTOR * timeout_s,
            distance_s=60 / settings.sources.requests_per_minute,
        )


def fresh_since(settings: Settings) -> datetime:
    """Return since when a fetched answer of a live source is new enough not to be asked for again (UTC)."""
    return datetime.now(UTC) - timedelta(seconds=settings.sources.fresh_s)


def _is_no_network(problem: BaseException) -> bool:
    """Whether a name could not be resolved, or the system has no route."""
    seen: BaseException | None = problem
    while seen is not None:
        if isinstance(seen, socket.gaierror):
            return True
        if isinstance(seen, OSError) and seen.errno in (
            errno.ENETUNREACH,
            errno.EHOSTUNREACH,
            errno.ENETDOWN,
        ):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _through_proxy(problem: BaseException) -> str:
    """Name the proxies where one may be the reason."""
    used = describe_proxies() if isinstance(problem, httpx.ConnectError | httpx.ProxyError) else ""
    return f" (through the proxy {used})" if used else ""


def _pause_after(problem: Exception) -> bool | float:
    """Tell whether to try again: no, after stamina's own pause, or after the seconds that the site asks."""
    if isinstance(problem, _NoAnswer):
        if not problem.repeatable:
            return False
        if problem.retry_after_s is None:
            return True
        return problem.retry_after_s if problem.retry_after_s <= LONGEST_WAIT_S else False
    return isinstance(problem, httpx.TransportError | httpx.DecodingError)


def _tell_retry(details: stamina.instrumentation.RetryDetails) -> None:
    log.info("%s; asking again in %.1f s", details.caused_by, details.wait_for)


def _retry_after_s(answer: httpx.Response) -> float | None:
    """Read the Retry-After header, seconds or a date; None where it is missing or unreadable."""
    text = answer.headers.get("Retry-After", "").strip()
    if not text:
        return None
    if text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # as a date of HTTP always is
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _conditions(cached: Copy | None) -> dict[str, str]:
    conditions = {}
    if cached is not None and cached.etag:
        conditions["If-None-Match"] = cached.etag
    if cached is not None and cached.last_modified:
        conditions["If-Modified-Since"] = cached.last_modified
    return conditions


def _status(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.reason_phrase}".strip()


def refuse_web_page(url: str, what: str, data: bytes) -> None:
    """Raise SourceUnavailable for HTML: some sites and every captive portal answer 200 with a page."""
    title = web_page(data[:PAGE_BYTES].decode("utf-8", "replace"))
    if title is not None:
        raise SourceUnavailable(
            f"the site returned a web page instead of the file for {what}",
            code="REMOTE_NOT_DATA",
            cause=f"{url} answered 200 and the page {title!r}",
            fix="open the address in a browser; correct it in config/settings.yaml if the file has moved",
            url=url,
        )
