"""Pages and help: links lead somewhere, commands and options exist, and words are plain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sportsplat.cli.main import build, registered
from sportsplat.error_codes import CODES
from tests.conftest import ROOT

PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))
ARCHAIC = re.compile(
    r"\b(told|whoever|nobody|thereof|whose word|speaks? of|held still|all the same|in the midst)\b",
    re.IGNORECASE,
)
COMMON = {"--json", "--profile", "--project-dir", "--quiet", "--verbose", "--no-color", "--help"}
COMMON |= {"--install-completion", "--show-completion"}


def commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, _, made in registered():
        built = build(name, made)
        yield (name,), built
        for inner, command in getattr(built, "commands", {}).items():
            yield (name, inner), command


COMMANDS = dict(commands())


def prose(page: Path) -> str:
    """The text without code blocks and code."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`]*`", "", text)


def anchors(page: Path) -> set[str]:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    lost = []
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_option_of_a_page_exists(page: Path) -> None:
    wrong = []
    for line in re.findall(r"(?:`|\$ |^    )sportsplat ([a-z][^`\n#|;)]*)", page.read_text(), re.MULTILINE):
        words = line.split(" -- ")[0].split()
        path = next((tuple(words[:n]) for n in (2, 1) if tuple(words[:n]) in COMMANDS), None)
        if path is None:
            if "|" not in line:
                wrong.append(line)
            continue
        known = {option for parameter in COMMANDS[path].params for option in parameter.opts} | COMMON
        known |= {option for parameter in COMMANDS[path].params for option in parameter.secondary_opts}
        wrong += [
            f"{line}: {option}" for option in re.findall(r"--[a-z][a-z-]+", line) if option not in known
        ]
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_in_plain_english(page: Path) -> None:
    assert [match[0] for match in ARCHAIC.finditer(prose(page))] == []


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_is_in_plain_english(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    texts = [command.help or "", *(getattr(parameter, "help", None) or "" for parameter in command.params)]
    assert [text for text in texts if ARCHAIC.search(text)] == []


def test_error_codes_are_in_plain_english() -> None:
    assert [code for code, entry in CODES.items() if ARCHAIC.search(f"{entry.cause} {entry.fix}")] == []
