"""Paths: the project folder, shipped files, and how a message shows one."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Literal

from sportsplat.errors import ConfigError

PROJECT_VARIABLE = "SPORTSPLAT_PROJECT_DIR"
_OTHERS = "DATABASE_URL|POSTGRES_(?:USER|PASSWORD|DB|HOST|PORT)|GEMINI_API_KEY|ODDS_API_KEY"
_OURS_IN_ENV_FILE = re.compile(
    rb"^[ \t]*(?:export[ \t]+)?SPORTSPLAT_\w+[ \t]*=[ \t]*[^\s#]", re.MULTILINE | re.IGNORECASE
)
_ANY_IN_ENV_FILE = re.compile(
    rf"^[ \t]*(?:export[ \t]+)?(?:{_OTHERS})(?:_FILE)?[ \t]*=[ \t]*[^\s#]".encode(), re.MULTILINE
)
_SAYS_WHERE_DATA_IS = ("DATABASE_URL", "SPORTSPLAT_INFRA__DATABASE_URL", "SPORTSPLAT_INFRA__STATE_DIR")


@dataclass(frozen=True)
class FoundProject:
    """The project folder, and how it was found.

    how: `named` by --project-dir or the variable; `here`, the current folder; `above` it. exists: whether
    it is a project already; if not, it is the folder in which one would be started. last: the highest folder
    that was looked at. refused: a project above that was not used because it belongs to another user.
    """

    folder: Path
    how: Literal["named", "here", "above"]
    exists: bool
    last: Path
    refused: Path | None = None


def display_path(path: Path) -> str:
    """Return a path relative to the current folder where it lies inside, else as it is."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else path)


def printable(path: Path) -> str:
    """Return a path, in which bytes that are no UTF-8 are written as \\xNN."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def find_project_dir(project_dir: Path | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """Return the absolute project folder; the current folder if no project is found (see `find_project`)."""
    return find_project(project_dir, environ).folder


def find_project(project_dir: Path | None = None, environ: Mapping[str, str] | None = None) -> FoundProject:
    """Find the project: the folder that is named, else the current one or the nearest above it that is one.

    project_dir: the name; default `SPORTSPLAT_PROJECT_DIR`. A folder is a project when it has `.sportsplat/`,
    `config/settings.yaml`, `config/leagues.yaml`, or a `.env` with SPORTSPLAT_ variables. The current folder
    is one also when its `.env` has other settings (DATABASE_URL), or the environment says where the data is.
    The search goes up to the home folder, never to the root, into another file system, or into a folder that
    everybody may write to. A project of another user is not taken, unless the current folder is theirs too.
    """
    environment = os.environ if environ is None else environ
    named = project_dir or environment.get(PROJECT_VARIABLE)
    if named:
        folder = Path(named).expanduser().absolute()
        folder = folder.resolve() if ".." in folder.parts else folder
        exists = _is_project(folder) or _environment_names_data(environment)
        return FoundProject(folder, "named", exists=exists, last=folder)
    here = Path.cwd()
    if _is_project(here):
        return FoundProject(here, "here", exists=True, last=here)
    trusted = {0, os.geteuid(), here.stat().st_uid}
    last, refused = here, None
    for folder in _above(here, environment):
        last, marker = folder, _marker(folder)
        if marker is None:
            continue
        if marker.stat().st_uid in trusted:
            return FoundProject(folder, "above", exists=True, last=last)
        refused = refused or folder
    return FoundProject(here, "here", exists=_environment_names_data(environment), last=last, refused=refused)


def require_project(found: FoundProject) -> Path:
    """Return the folder of a project that exists. Raises ConfigError (NO_PROJECT) where there is none."""
    if found.exists:
        return found.folder
    needs = "config/settings.yaml, .sportsplat/ or a .env with SPORTSPLAT_ variables"
    if found.how == "named":
        if not found.folder.is_dir():
            return found.folder  # reading the settings reports it
        raise ConfigError(
            f"{found.folder} is not a sportsplat project",
            cause=f"--project-dir or {PROJECT_VARIABLE} names this folder, and it has no {needs}",
            fix=f"sportsplat up --project-dir {quote(str(found.folder))}   (starts a project there)",
            code="NO_PROJECT",
        )
    above = "" if found.last == found.folder else f" or in the folders above it, up to {found.last}"
    cause = f"there is no {needs} in {found.folder}{above}"
    if found.refused is not None:
        cause += f"; the project in {found.refused} belongs to another user and was not used"
    named = f"--project-dir {quote(str(found.refused or 'DIR'))}"
    raise ConfigError(
        "this folder is not in a sportsplat project",
        cause=cause,
        fix=f"sportsplat up   (starts a project here), or cd to your project, or {named}",
        code="NO_PROJECT",
    )


def _above(here: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the folders above `here` that may be searched, nearest first."""
    home = Path(environ.get("HOME") or "/").resolve()
    device = here.stat().st_dev
    inside = here
    for folder in here.parents:
        if inside == home or folder.parent == folder:
            return
        try:
            found = folder.stat()
        except OSError:
            return
        if found.st_dev != device or found.st_mode & stat.S_IWOTH:
            return
        yield folder
        inside = folder


def _is_project(folder: Path) -> bool:
    """Whether a folder that the user chose is a project. One that cannot be read is: its reader says why."""
    try:
        return _marker(folder, chosen=True) is not None
    except OSError:
        return True


def _marker(folder: Path, *, chosen: bool = False) -> Path | None:
    """Return what makes the folder a project. chosen: it is the current folder, or was named."""
    config = folder / "config"
    try:
        if (folder / ".sportsplat").is_dir():
            return folder / ".sportsplat"
        for name in ("settings.yaml", "leagues.yaml"):
            if (config / name).is_file():
                return config / name
        text = (folder / ".env").read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        if chosen:
            raise
        return None
    ours = _OURS_IN_ENV_FILE.search(text) or (chosen and _ANY_IN_ENV_FILE.search(text))
    return folder / ".env" if ours else None


def _environment_names_data(environ: Mapping[str, str]) -> bool:
    return any(environ.get(name) or environ.get(f"{name}_FILE") for name in _SAYS_WHERE_DATA_IS)


def asset_dir(name: Literal["migrations", "config", "compose"]) -> Path:
    """Return the folder of shipped files: `_assets/<name>` in a wheel, else the repository's top level."""
    package = Path(__file__).resolve().parent
    shipped = package / "_assets" / name
    return shipped if shipped.is_dir() else package.parents[1] / name
