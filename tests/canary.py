"""A canary as a secret: a project's life in which it is used, and all that came of it, to be searched."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests import program
from tests.engine import DockerProject

NOTHING: Mapping[str, str] = MappingProxyType({})


def canary(name: str) -> str:
    """Return a secret with all that is awkward in a URL, a shell and a string, between two plain words."""
    return f"kanari{name}{secrets.token_hex(4)}'\"\\ %@:/?#é${secrets.token_hex(4)}{name}iranak"


def words_of(secret: str) -> list[str]:
    """Return what betrays a secret however it is spelled: the plain words at its ends, or all of it."""
    if "'" not in secret:
        return [secret]
    return [secret[: secret.index("'")], secret[secret.index("$") + 1 :]]


@dataclass
class Life:
    """One project's life and all that came of it. `known`: every secret that there was, by its name.

    `root` holds the project in `folder`, and beside it its user's home, cache and temporary files.
    """

    place: str
    root: Path
    variables: dict[str, str] = field(default_factory=dict)
    docker: DockerProject | None = None
    known: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    ours: set[Path] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        return self.root / "project"

    def canary(self, name: str) -> str:
        """Return a new secret and remember it."""
        return self.known.setdefault(name, canary(name))

    def write(self, path: Path, text: str) -> Path:
        """Write a file in which a secret may be."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.ours.add(path)
        return path

    def run(
        self,
        *words: str,
        given: Mapping[str, str] = NOTHING,
        folder: Path | None = None,
        fails: bool | None = False,
    ) -> program.Ran:
        """Run a command to its end, keep what it says, and see that it fails or not (None: as it likes).

        given: variables over the project's. folder: in the place of the project's.
        """
        ran = program.run(folder or self.folder, *words, timeout_s=120, **{**self.environment(), **given})
        self.said[f"{len(self.said)}: {' '.join(words)}"] = ran.stdout + ran.stderr
        assert fails is None or (ran.exit_code not in (0, 1) if fails else ran.exit_code == 0), str(
            (words, ran)
        )
        return ran

    def fail(
        self, *words: str, given: Mapping[str, str] = NOTHING, folder: Path | None = None
    ) -> dict[str, Any]:
        """Run a command that fails, with its traceback and as JSON; return its error."""
        return self.run(*words, "--verbose", "--json", given=given, folder=folder, fails=True).error

    def environment(self) -> dict[str, str]:
        """Return the variables of the project's user."""
        own = {name: str(self.root / name.lower()) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
        return {**own, **self.variables}

    def finds(self, texts: Mapping[str, str]) -> list[str]:
        """Return which secret sings in which text."""
        return [
            f"{name} in {where}: …{text[max(0, text.index(word) - 200) : text.index(word)]}"
            for where, text in texts.items()
            for name, secret in self.known.items()
            for word in words_of(secret)
            if word in text
        ]

    def files(self) -> set[Path]:
        """Return the files below the root in which a secret sings."""
        words = "\n".join(word for secret in self.known.values() for word in words_of(secret))
        command = [
            "grep",
            "--recursive",
            "--files-with-matches",
            "--text",
            "--fixed-strings",
            "--file=-",
            ".",
        ]
        done = subprocess.run(
            command, cwd=self.root, input=words, text=True, capture_output=True, check=False
        )
        assert done.returncode in (0, 1), done
        return {self.root / line for line in done.stdout.splitlines()}
