"""The variables of the system that say how the internet is reached: proxies and certificates, checked.

HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY (lower case is preferred), SSL_CERT_FILE and SSL_CERT_DIR.
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sportsplat.errors import ConfigError

PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
_EXAMPLE = "http://proxy.example:3128"


@dataclass(frozen=True)
class NetworkProblem:
    """One variable that cannot be used. `value` is as it may be shown."""

    variable: str
    value: str
    why: str
    fix: str

    def error(self) -> ConfigError:
        """Return the error of a command that needs the internet."""
        return ConfigError(
            f"{self.variable} is invalid: {self.why}",
            cause=f"{self.variable}={self.value} in the environment",
            fix=f"{self.fix}; all of them: sportsplat doctor",
            code="NETWORK_SETTING",
        )


@dataclass(frozen=True)
class Proxy:
    """A proxy's URL and the variable that names it."""

    variable: str
    url: str


def find_proxies(environ: Mapping[str, str] = os.environ) -> dict[str, Proxy]:
    """Return the proxy of `http`, `https` and `all`, for those that have one; not checked yet."""
    found = {}
    for scheme in ("http", "https", "all"):
        variable = _set_variable(f"{scheme}_proxy", environ)
        # In a CGI process HTTP_PROXY would be a header that the client chose.
        if variable is not None and not (variable == "HTTP_PROXY" and "REQUEST_METHOD" in environ):
            url = environ[variable].strip()
            found[scheme] = Proxy(variable, url if "://" in url else f"http://{url}")
    return found


def hosts_without_proxy(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the names and addresses of NO_PROXY, as they are written."""
    variable = _set_variable("no_proxy", environ)
    names = environ[variable].split(",") if variable is not None else []
    return [name.strip() for name in names if name.strip()]


def find_problems(environ: Mapping[str, str] = os.environ) -> Iterator[NetworkProblem]:
    """Check every variable and yield those that cannot be used."""
    for proxy in find_proxies(environ).values():
        why = _wrong_with_proxy(proxy.url)
        if why is not None:
            fix = f"set {proxy.variable} to a URL like {_EXAMPLE}, or unset it"
            yield NetworkProblem(proxy.variable, mask_login(environ[proxy.variable]), why, fix)
    for variable, wrong in (("SSL_CERT_FILE", _wrong_with_file), ("SSL_CERT_DIR", _wrong_with_folder)):
        value = environ.get(variable)
        why = wrong(value) if value else None
        if value and why is not None:
            yield NetworkProblem(variable, value, why, f"set {variable} to one that is there, or unset it")


def client_options(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return the arguments that make an httpx client use these variables, and read none by itself.

    Raises ConfigError (`NETWORK_SETTING`) for one that cannot be used.
    """
    import httpx

    for problem in find_problems(environ):
        raise problem.error()
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    verify = ssl.create_default_context(cafile=file, capath=folder) if file or folder else True
    excepted = hosts_without_proxy(environ)
    mounts: dict[str, httpx.HTTPTransport | None] = {}
    if "*" not in excepted:
        for scheme, proxy in find_proxies(environ).items():
            try:
                mounts[f"{scheme}://"] = httpx.HTTPTransport(verify=verify, proxy=proxy.url)
            except (ValueError, httpx.InvalidURL) as error:
                fix = f"set {proxy.variable} to a URL like {_EXAMPLE}, or unset it"
                raise NetworkProblem(
                    proxy.variable, mask_login(proxy.url), str(error), fix
                ).error() from error
        mounts |= {pattern: None for host in excepted if (pattern := _pattern(host))} if mounts else {}
    return {"trust_env": False, "verify": verify, "mounts": mounts}


def describe_proxies(environ: Mapping[str, str] = os.environ) -> str:
    """Say which proxies are used, passwords masked; an empty text without one."""
    found = find_proxies(environ).values()
    return ", ".join(f"{mask_login(proxy.url)} ({proxy.variable})" for proxy in found)


def mask_login(url: str) -> str:
    """Return a URL as it may be shown, whatever is wrong with it: without user and password."""
    before, at, after = url.rpartition("@")
    return f"{before.partition('://')[0]}://***@{after}" if at else url


def _set_variable(lower: str, environ: Mapping[str, str]) -> str | None:
    """Return the spelling under which a variable has a value; an empty lower-case one means none."""
    for variable in (lower, lower.upper()):
        if variable in environ:
            return variable if environ[variable].strip() else None
    return None


def _wrong_with_proxy(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"it is not a URL ({error})"
    if parts.scheme.lower() not in PROXY_SCHEMES:
        return f"a proxy is reached by {', '.join(PROXY_SCHEMES)}, not by {parts.scheme}"
    if not parts.hostname or any(char.isspace() for char in url):
        return "it has no host"
    return "port 0 cannot be reached" if port == 0 else None


def _wrong_with_file(path: str) -> str | None:
    return _wrong_with(lambda: ssl.create_default_context(cafile=path))


def _wrong_with_folder(path: str) -> str | None:
    return _wrong_with(lambda: next(Path(path).iterdir(), None))


def _wrong_with(use: Callable[[], object]) -> str | None:
    """Return the system's error for using a path; None when it can be used."""
    try:
        use()
    except ssl.SSLError as error:
        return f"it has no certificates ({error.reason or error})"
    except OSError as error:
        return f"{(error.strerror or str(error)).lower()}"
    return None


def _pattern(host: str) -> str | None:
    """Return what httpx calls a host and, for a name, all that end with it; None for what names no host."""
    import httpx

    bracketed = re.fullmatch(r"\[([^]]*)\](:\d+)?", host)
    address, port = bracketed.groups("") if bracketed else (host, "")
    with suppress(ValueError):
        number = ipaddress.ip_address(address.partition("/")[0])
        return f"all://[{number}]{port}" if number.version == 6 else f"all://{number}"
    name = host.removeprefix("*") if host.startswith("*.") else host
    pattern = name if "://" in name else "all://" + ("" if name == "localhost" else "*") + name
    try:
        httpx.URL(pattern)
    except httpx.InvalidURL:
        return None
    return pattern
