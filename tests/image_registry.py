"""A registry of container images with one small image in it, on loopback: engines trust that without TLS."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_LAYER_BYTES = 4_000_000
_CHUNK = 200_000


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _image(variables: list[str]) -> tuple[bytes, dict[str, bytes]]:
    """Return the manifest of an image of random bytes, and its blobs by digest."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("ballast")
        member.size = _LAYER_BYTES
        archive.addfile(member, io.BytesIO(os.urandom(_LAYER_BYTES)))
    tar = packed.getvalue()
    layer = gzip.compress(tar, compresslevel=1)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": variables},
            "rootfs": {"type": "layers", "diff_ids": [_digest(tar)]},
        }
    ).encode()
    blobs = {_digest(config): config, _digest(layer): layer}
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {"mediaType": _CONFIG, "size": len(config), "digest": _digest(config)},
        "layers": [{"mediaType": _LAYER, "size": len(layer), "digest": _digest(layer)}],
    }
    return json.dumps(manifest).encode(), blobs


@contextmanager
def registry(variables: list[str]) -> Iterator[str]:
    """Serve an image with these environment variables; yield the name under which it can be pulled."""
    manifest, blobs = _image(variables)

    class Answer(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, *, with_body: bool) -> None:
            asked = self.path.rsplit("/", 1)[-1]
            kind, content = _MANIFEST, manifest
            if "/blobs/" in self.path:
                kind, content = "application/octet-stream", blobs[asked]
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Docker-Content-Digest", _digest(content))
            self.end_headers()
            for start in range(0, len(content) if with_body else 0, _CHUNK):
                self.wfile.write(content[start : start + _CHUNK])
                time.sleep(0.01)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}/team/postgres:tuned"
        finally:
            server.shutdown()
            thread.join()
