"""Asking a running API whether it is ready, over HTTP on its published port."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

_NEEDED = frozenset({"database", "schema"})


@dataclass(frozen=True)
class Readiness:
    """What `/ready` said: each check by name, and why the failed ones failed."""

    ready: bool
    failed: Mapping[str, str]

    @property
    def serves(self) -> bool:
        """Whether it answers from its database; a league without a model yet is no fault of the stack."""
        return not _NEEDED & set(self.failed)

    def described(self) -> str:
        """Say what it lacks."""
        return "/ready says: " + ("; ".join(f"{name}: {why}" for name, why in self.failed.items()) or "ready")


def readiness(address: str, port: int, timeout_s: float = 2.0) -> Readiness | None:
    """Ask `/ready`; None when nobody answers there, or not like our API."""
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection(address, port, timeout=timeout_s)
    try:
        connection.request("GET", "/ready")
        answer = json.loads(connection.getresponse().read())
        failed = {check["name"]: str(check["detail"]) for check in answer["checks"] if not check["ok"]}
        return Readiness(bool(answer["ready"]), failed)
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()
