"""The raw cache: fetched bytes untouched, each beside a JSON file with its URL, time and hash.

    <folder>/<host>/<path of the URL>             the bytes
    <folder>/<host>/<path of the URL>.meta.json   url, sha256, size, etag, last_modified, fetched_at

Bytes and description are both written before either is renamed into place, the bytes first. A copy whose hash
is not the described one (a crash between the two, a hand that edited the file) counts as no copy and is
fetched again. A cache that cannot be written costs time, not data: it is reported once, and the work
continues.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

_UNSAFE = re.compile(r"[^\w.=,+-]")
log = logging.getLogger(__name__)


class Copy(NamedTuple):
    """One cached answer; `etag` and `last_modified` are sent with the next request."""

    data: bytes
    sha256: str
    etag: str | None
    last_modified: str | None
    fetched_at: datetime


class RawCache:
    """Copies by URL below one folder. Of several processes at once, the last to finish wins whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._warned = False

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
            reported = json.loads(_meta_path(path).read_bytes())
            copy = Copy(
                data,
                hashlib.sha256(data).hexdigest(),
                reported["etag"],
                reported["last_modified"],
                datetime.fromisoformat(reported["fetched_at"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return copy if copy.sha256 == reported["sha256"] else None

    def store(self, url: str, copy: Copy) -> Path | None:
        """Keep a copy and return where its bytes lie; None, after a warning, where it cannot be kept."""
        path = self.path_of(url)
        reported = {
            "url": url,
            "sha256": copy.sha256,
            "size": len(copy.data),
            "etag": copy.etag,
            "last_modified": copy.last_modified,
            "fetched_at": copy.fetched_at.isoformat(),
        }
        described = json.dumps(reported, indent=2).encode() + b"\n"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace({path: copy.data, _meta_path(path): described})
        except OSError as problem:
            if not self._warned:
                log.warning(
                    "the cache %s cannot be written (%s): fetched files are used but not kept",
                    self.folder,
                    problem.strerror,
                )
            self._warned = True
            return None
        return path


def _meta_path(path: Path) -> Path:
    return path.with_name(path.name + ".meta.json")


def _replace(files: Mapping[Path, bytes]) -> None:
    """Write files; unless all of them could be written, none is touched, and nothing is left beside them."""
    with ExitStack() as on_failure:
        written = [_write_beside(path, data, on_failure) for path, data in files.items()]
        for temporary, path in zip(written, files, strict=True):
            temporary.replace(path)
        on_failure.pop_all()


def _write_beside(path: Path, data: bytes, on_failure: ExitStack) -> Path:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    on_failure.callback(temporary.unlink, missing_ok=True)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return temporary
