"""What `doctor` looks at in a project's folder: permissions, room on the disk, the port."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from sportsplat.infra import ports
from sportsplat.infra.doctor.checks import Finding, ok, skipped
from sportsplat.infra.state_folder import StateFolder
from sportsplat.paths import display_path

if TYPE_CHECKING:
    from sportsplat.config.settings import InfraSettings
    from sportsplat.infra.environment import Backend

MEGABYTE = 1024 * 1024
LEAST_FREE = 150 * MEGABYTE
"""A new database takes 50 MB, its log of changes 16 MB a piece; below this `up` would fail half-way."""
ENOUGH_FREE = 1024 * MEGABYTE
LEAST_FILES = 5_000
"""Files that a database has after its first season, with as many to spare."""
_ELSEWHERE = "set infra.state_dir to a folder on another disk, or of your own"


def env_file(path: Path) -> Finding:
    """Look whether `.env`, which holds the password, is closed to others and belongs to this user."""
    try:
        info = path.stat()
    except FileNotFoundError:
        return skipped("there is none yet; the first `sportsplat up` writes one")
    mode, name = stat.S_IMODE(info.st_mode), shown(path)
    if mode & 0o077:
        return Finding("fail", f"{name} can be read by others (mode {mode:04o})", f"chmod 600 {quote(name)}")
    if os.geteuid() not in (0, info.st_uid):
        fix = f"sudo chown {os.geteuid()} {quote(name)}"
        return Finding("fail", f"{name} belongs to user {info.st_uid}", fix)
    return ok(f"{name} is closed to others (mode {mode:04o})")


def state_folder(path: Path) -> Finding:
    """Check whether the state folder can be created or written, and who owns it."""
    folder = existing(path)
    name = shown(folder)
    if not folder.is_dir():
        return Finding("fail", f"{name} is not a folder", _ELSEWHERE)
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return Finding("fail", f"{name} is on a read-only file system", _ELSEWHERE)
    if not os.access(folder, os.W_OK | os.X_OK):
        ours = folder == path  # what lies above it may be a system's folder, whose owner has its reasons
        fix = f"sudo chown -R {os.geteuid()} {quote(name)}" if ours else _ELSEWHERE
        return Finding("fail", f"{name} cannot be written by user {os.geteuid()}", fix)
    if folder != path:
        return ok(f"not there yet; it can be made in {name}")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o002:
        seen = f"{name} can be written by everyone (mode {mode:04o})"
        return Finding("warn", seen, f"chmod o-w {quote(name)}")
    return _data_folders(path)


def _data_folders(state_dir: Path) -> Finding:
    """Check who owns the data directories: PostgreSQL opens only its own."""
    for data_dir in StateFolder(state_dir).data_dirs():
        owner = data_dir.stat().st_uid
        if os.geteuid() not in (0, owner):
            seen = f"{shown(data_dir)} belongs to user {owner}, and you are user {os.geteuid()}"
            return Finding("fail", seen, f"sudo chown -R {os.geteuid()} {quote(shown(state_dir))}")
    return ok(f"{shown(state_dir)} can be written")


def secrets_folder(state_dir: Path) -> Finding:
    """Look whether the folder with the secrets of the containers bars everyone else."""
    folder = StateFolder(state_dir).secrets
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except FileNotFoundError:
        return skipped("there is none: no container of this project was made yet")
    name = shown(folder)
    if mode & 0o077:
        return Finding("fail", f"{name} is open to others (mode {mode:04o})", f"chmod 700 {quote(name)}")
    return ok(f"{name} is closed to others (mode {mode:04o})")


def disk(path: Path) -> Finding:
    """Look how much room is left where a folder is, or would be made."""
    folder = existing(path)
    free, name = os.statvfs(folder), shown(folder)
    room = free.f_bavail * free.f_frsize
    seen = f"{size(room)} free on the file system of {name}"
    fix = f"free some space there (df -h {quote(name)}), or {_ELSEWHERE}"
    if room < LEAST_FREE:
        return Finding("fail", seen, fix)
    if free.f_files and free.f_favail < LEAST_FILES:
        inodes = f"{free.f_favail:,} files can still be made on the file system of {name}"
        return Finding("fail", inodes, f"remove files there (df -i {quote(name)}), or {_ELSEWHERE}")
    return Finding("warn", seen, fix) if room < ENOUGH_FREE else ok(seen)


def port(infra: InfraSettings, state_dir: Path, backend: Backend, running: int | None) -> Finding:
    """Check whether the port of the database is free, ours, or taken by another process. running: the one it
    listens on."""
    if backend == "external":
        return skipped("the database is on a server of your own")
    wanted = infra.port
    if running is not None and wanted in ("auto", running):
        return ok(f"{running}: our database listens on it")
    remembered = StateFolder(state_dir).read().get("port")
    number = wanted if wanted != "auto" else remembered if isinstance(remembered, int) else ports.USUAL
    why = "infra.port" if wanted != "auto" else "used before" if number == remembered else "first choice"
    if ports.is_free(number, infra.host):
        return ok(f"{number} ({why}) is free")
    seen = f"{number} ({why}) is taken: {ports.process_on(number)} listens on it"
    if wanted == "auto":
        return ok(f"{seen}; `up` will take another one")
    return Finding("fail", seen, "sportsplat up --port auto, or end that process")


def existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists."""
    return next((folder for folder in (path, *path.parents) if folder.exists()), Path("/"))


def size(number: float) -> str:
    """Return a number of bytes for people."""
    megabytes = number / MEGABYTE
    return f"{megabytes / 1024:,.1f} GB" if megabytes >= 1024 else f"{megabytes:,.0f} MB"


def shown(path: Path) -> str:
    """Return a path as a reader would name it: relative below the current folder, else whole."""
    return str(path) if path == Path.cwd() else display_path(path)
