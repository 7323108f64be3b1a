"""The raw cache: fetched bytes untouched, each beside a JSON file that says whence, when and with which hash.

    <folder>/<host>/<path of the URL>             the bytes
    <folder>/<host>/<path of the URL>.meta.json   url, sha256, size, etag, last_modified, fetched_at

The bytes are renamed into place before their description. A copy whose hash is not the described one (a crash
between the two, a hand that edited the file) counts as no copy and is fetched again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

_UNSAFE = re.compile(r"[^\w.=,+-]")


class Copy(NamedTuple):
    """One cached answer; `etag` and `last_modified` are the server's words for the next request."""

    data: bytes
    sha256: str
    etag: str | None
    last_modified: str | None
    fetched_at: datetime


class RawCache:
    """Copies by URL below one folder. Of several processes at once, the last to finish wins whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, url: str) -> Path:
        """Return where the bytes of `url` lie; a query goes into the name as a hash."""
        parts = urlsplit(url)
        steps = [_UNSAFE.sub("_", step) for step in parts.path.split("/") if step not in ("", ".", "..")]
        if parts.query or not steps:
            steps.append("query-" + hashlib.sha256(parts.query.encode()).hexdigest()[:16])
        host = _UNSAFE.sub("_", f"{parts.hostname}_{parts.port}" if parts.port else str(parts.hostname))
        return self.folder.joinpath(host, *steps)

    def load(self, url: str) -> Copy | None:
        """Return the copy of `url`, None when there is none or its bytes are not the described ones."""
        path = self.path_of(url)
        try:
            data = path.read_bytes()
            told = json.loads(_meta_path(path).read_bytes())
            copy = Copy(
                data,
                hashlib.sha256(data).hexdigest(),
                told["etag"],
                told["last_modified"],
                datetime.fromisoformat(told["fetched_at"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return copy if copy.sha256 == told["sha256"] else None

    def store(self, url: str, copy: Copy) -> Path:
        """Keep a copy and return where its bytes lie."""
        path = self.path_of(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        told = {
            "url": url,
            "sha256": copy.sha256,
            "size": len(copy.data),
            "etag": copy.etag,
            "last_modified": copy.last_modified,
            "fetched_at": copy.fetched_at.isoformat(),
        }
        _replace(path, copy.data)
        _replace(_meta_path(path), json.dumps(told, indent=2).encode() + b"\n")
        return path


def _meta_path(path: Path) -> Path:
    return path.with_name(path.name + ".meta.json")


def _replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
