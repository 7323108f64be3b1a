"""Every password has one length, in the project's `.env` as in the command for Compose."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path

import pytest

from sportsplat.infra.docker.compose import documents
from sportsplat.infra.passwords import PASSWORD_CHARACTERS, new_password

DOCS = Path(__file__).parents[2] / "docs"


def test_a_password_needs_no_quoting_and_has_the_declared_length() -> None:
    made = {new_password() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(rf"[A-Za-z0-9_-]{{{PASSWORD_CHARACTERS}}}", password) for password in made)


@pytest.mark.parametrize("text", [documents()["compose.yaml"], (DOCS / "docker.md").read_text()])
def test_the_command_for_compose_makes_passwords_of_that_length(text: str) -> None:
    (count,) = re.findall(r"head -c (\d+) /dev/urandom \| base64", text)
    assert len(b64encode(bytes(int(count)))) >= PASSWORD_CHARACTERS > len(b64encode(bytes(int(count) - 3)))
