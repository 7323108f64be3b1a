"""Secrets in what is wrong before there is a project, and the controls: what is planted is found."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.canary import Life
from tests.proc_watch import command_lines_watched

pytestmark = pytest.mark.slow


def urls(secret: str) -> list[str]:
    """Return values of DATABASE_URL that are no good, each with the secret in it."""
    quoted = quote(secret, safe="")
    return [
        f"postgresql://u:{quoted}@127.0.0.1:1/x",
        f"postgresql://u:{quoted}@nowhere.invalid/x",
        f"postgresql://u:{quoted}@127.0.0.1:port/x",
        f"postgresql://u:{secret}@127.0.0.1:1/x",
        f"postgresql://127.0.0.1:1/x?user=u&password={quoted}",
        f"postgresql://u:{quoted}@127.0.0.1:1/x?sslmode=nonsense",
        f"mysql://u:{quoted}@127.0.0.1/x",
        f"host=127.0.0.1 password={secret}",
        secret,
    ]


def settings(secret: str) -> list[tuple[str, str]]:
    """Return files of settings that are no good, each with the secret in it."""
    quoted, text = quote(secret, safe=""), json.dumps(secret)
    return [
        ("config/settings.yaml", f"infra:\n  password: {text}\n"),
        ("config/settings.yaml", f"infra:\n  pasword: {text}\n"),
        ("config/settings.yaml", f"infra:\n  password: [{text}]\n"),
        ("config/settings.yaml", f"infra:\n  database_url: postgresql://u:{quoted}@127.0.0.1/x\n"),
        ("config/settings.yaml", f"infra: [\n  password: {text}\n"),
        (".env", f"POSTGRESS_PASSWORD={quoted}\n"),
        (".env", f"POSTGRES_PASSWORD = '{quoted}\n"),
        (".env", f"POSTGRES_PASSWORD={quoted}\nPOSTGRES_PORT=no-number\n"),
    ]


def test_what_is_wrong_before_there_is_a_project_is_said_without_the_secret(tmp_path: Path) -> None:
    """URLs, files and settings that are no good; and the secret where the name of its file belongs."""
    life = Life("nowhere", tmp_path)
    secret = life.canary("Raw")
    with command_lines_watched() as lines:
        for number, url in enumerate(urls(secret)):
            folder = tmp_path / f"url{number}"
            folder.mkdir()
            life.fail("up", folder=folder, given={"DATABASE_URL": url})
        for number, (name, text) in enumerate(settings(secret)):
            folder = tmp_path / f"settings{number}"
            life.write(folder / name, text)
            life.fail("config", "check", folder=folder)
        for variable in ("POSTGRES_PASSWORD_FILE", "GEMINI_API_KEY_FILE", "DATABASE_URL_FILE"):
            life.fail("up", folder=tmp_path / "url0", given={variable: secret})

    assert life.finds(life.said) == []
    assert life.finds({line[:200]: line for line in lines}) == []
    assert life.files() == life.ours


def test_what_is_planted_is_found(tmp_path: Path) -> None:
    """The controls: a command line of 30 ms, a text in another spelling, a file among many."""
    life = Life("control", tmp_path)
    secret = life.canary("Control")
    with command_lines_watched() as lines:
        subprocess.run(["sh", "-c", "sleep 0.03", "sh", secret], check=True)
    assert life.finds({"": "\n".join(lines)})
    assert life.finds({"": quote(secret)})
    assert life.finds({"": json.dumps(secret)})
    assert life.finds({"": repr(secret)})
    assert life.finds({"": secret[: len(secret) // 2]})
    planted = life.write(tmp_path / "a" / "b", f"\0\0{secret}")
    assert life.files() == {planted}
