"""Whether the data that is found is the data that this project used before; the errors when it is not.

`state.json` remembers the state folder (`folder`), in Docker the project's name and the engine, and for each
backend the cluster that was used last (`docker_cluster` and so on). A memory that lacks one of them was
written by an earlier version: what is found is then taken for the project's own and remembered.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from sportsplat.errors import DataConflict, ResourceConflict
from sportsplat.infra.state_folder import StateFolder

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings
    from sportsplat.infra.environment import Backend

FOLDER = "folder"
_HOME = "home"
DATABASE = "SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"
"""Asks a server for the number of the database, which one that was dropped and made anew does not have."""

CLUSTER = (
    "SELECT system_identifier || '/' || oid FROM pg_catalog.pg_control_system(), pg_catalog.pg_database "
    "WHERE datname = pg_catalog.current_database()"
)
"""Asks a server for its cluster: the system identifier, which `initdb` makes up, and the database's oid."""

LEFT_BY_REINIT = frozenset(
    {
        "COPIED_WHILE_RUNNING",
        "DATABASE_WOULD_CHANGE",
        "DATA_MISSING",
        "ENGINE_WOULD_CHANGE",
    }
)
"""Codes of the errors after which `up --reinit` leaves the former data and uses what the settings mean."""

_OF_DOCKER = ("project", "volume", "engine", "engine_id", "docker_cluster", "port", "config", "api_port")
_IDENTIFIER_BYTES = 8
_STATE_AT = 16
_SHUT_DOWN = 1


def is_other_folder(folder: Path, state_dir: Path) -> bool:
    """Whether a folder exists and is not `state_dir`; one that may not be looked at counts as there."""
    try:
        return folder.is_dir() and not (state_dir.exists() and folder.samefile(state_dir))
    except PermissionError:
        return True


def claims(folder: Path, project: str, *, unless_known: bool) -> bool:
    """Whether another state folder says that the Docker project is its own.

    One without a memory does too, unless `unless_known`: the asking folder was accepted before. What is
    remembered in a copy is its original's, and claims nothing.
    """
    remembered = StateFolder(folder).read()
    theirs, home = remembered.get("project"), remembered.get(FOLDER)
    if theirs is None:
        return not unless_known
    return bool(theirs == project) and home in (None, str(folder))


def original(state_dir: Path) -> Path | None:
    """Return the state folder of which `state_dir` is a copy; None for a project that is new or was moved."""
    remembered = StateFolder(state_dir).read()
    folder = remembered.get(FOLDER)
    if not isinstance(folder, str) or not is_other_folder(Path(folder), state_dir):
        return None
    project = remembered.get("project")
    if project is not None and not claims(Path(folder), project, unless_known=False):
        return None
    return Path(folder)


def moved_note(state_dir: Path) -> list[str]:
    """Return a note for a project that was moved since its database was used last."""
    folder = StateFolder(state_dir).read().get(FOLDER)
    if not isinstance(folder, str) or folder == str(state_dir) or is_other_folder(Path(folder), state_dir):
        return []
    return [f"this project was moved: it was in {Path(folder).parent} before"]


def of_docker(state_dir: Path, project: str) -> dict[str, Any]:
    """Return what is remembered of that project's data in Docker; nothing when the data is elsewhere."""
    remembered = StateFolder(state_dir).read()
    ours = remembered.get("backend") == "docker" and remembered.get("project") in (None, project)
    return remembered if ours else {}


def refuse_other_project(settings: Settings) -> None:
    """Raise when the settings mean another Docker project than the one that holds this folder's data.

    `VOLUME_NOT_OURS` (ResourceConflict) in a copy of a folder that still uses that project,
    `PROJECT_WOULD_CHANGE` (DataConflict) when `infra.project` was changed.
    """
    remembered = StateFolder(settings.state_dir).read()
    known, named = remembered.get("project"), settings.infra.project
    if remembered.get("backend") != "docker" or not isinstance(known, str):
        return
    source = original(settings.state_dir.resolve())
    if source is not None:
        if named in (None, known):
            raise copied(source, known, is_named=named is not None)
    elif named not in (None, known):
        raise _project_would_change(known, str(named))


def sharing_project(settings: Settings) -> Path | None:
    """Return another project's folder that still exists and has the same state folder, and had it first.

    A copied `infra.state_dir` that is an absolute path leads to the original's state. A state folder that was
    copied along is the copy's own.
    """
    remembered = StateFolder(settings.state_dir).read()
    home, here = remembered.get(_HOME), remembered.get(FOLDER) == str(settings.state_dir.resolve())
    if not here or not isinstance(home, str) or not is_other_folder(Path(home), settings.project_dir):
        return None
    return Path(home)


def remember_home(settings: Settings) -> None:
    """Note in the state folder which project uses it."""
    StateFolder(settings.state_dir).update(**{_HOME: str(settings.project_dir.resolve())})


def state_of_another(settings: Settings, home: Path) -> ResourceConflict:
    """The data is not deleted from here: the state folder is that of another project's folder."""
    return ResourceConflict(
        f"the data in {settings.state_dir} is that of another folder and was not deleted",
        cause=f"{home} uses it too, and did so first (infra.state_dir is the same in both)",
        fix=f"run the command in {home}; to have a database here, set another infra.state_dir",
        code="VOLUME_NOT_OURS",
    )


def leave_project(settings: Settings) -> list[str]:
    """Forget the Docker project that `refuse_other_project` refuses to leave; return what was done.

    Nothing to leave, or a copy whose settings name the very project of its original: nothing is forgotten.
    """
    try:
        refuse_other_project(settings)
    except (DataConflict, ResourceConflict):
        remembered = StateFolder(settings.state_dir).read()
        source = original(settings.state_dir.resolve())
        if source is not None and settings.infra.project is not None:
            raise
        complete = {*remembered.get("complete", []), remembered.get("volume")} - {None}
        StateFolder(settings.state_dir).update(**dict.fromkeys(_OF_DOCKER), complete=sorted(complete))
        owner = f", which is that of {source.parent}" if source is not None else ""
        return [f"left the data in the Docker project {remembered['project']} where it is{owner}"]
    return []


def forget_copied(state_dir: Path, project: str) -> list[str]:
    """Forget what a copied folder remembers of its original, for a copy that has a project of its own."""
    remembered = StateFolder(state_dir).read()
    source = original(state_dir)
    if source is None or remembered.get("project") in (None, project):
        return []
    StateFolder(state_dir).update(**dict.fromkeys(_OF_DOCKER), folder=None)
    return [
        f"left the data of {source.parent}, of which this folder is a copy, in its Docker project "
        f"{remembered['project']}"
    ]


def forget_cluster(state_dir: Path, backend: Backend) -> None:
    """Forget which data a backend held; what is found there next is taken for the project's own."""
    facts = dict.fromkeys(set(_OF_DOCKER) - {"project"}) if backend == "docker" else {}
    StateFolder(state_dir).update(**facts | {f"{backend}_cluster": None, "backend": None})


def refuse_other_cluster(
    known: object, found: str | None, where: str, state_dir: Path, *, why: str | None = None
) -> None:
    """Raise DataConflict (`DATA_MISSING`) when a cluster is known, and another one or none is found.

    known, found: like the answer to CLUSTER; of one without a database only the cluster is compared.
    why: what is there instead, for `found` None.
    """
    if not isinstance(known, str) or found == known:
        return
    if found is not None and "/" not in found and known.partition("/")[0] == found:
        return
    if found is not None:
        raise other_cluster(known, found, where, state_dir)
    raise data_missing(where, why or "nothing is there", state_dir)


def other_cluster(known: object, found: str, where: str, state_dir: Path) -> DataConflict:
    """Another cluster or database is where this project's was."""
    same_server = str(known).partition("/")[0] == found.partition("/")[0]
    thing = "database of the same name" if same_server else "cluster"
    return data_missing(where, f"another {thing} is there ({found}; the project used {known})", state_dir)


def identifier(control: bytes) -> str | None:
    """Return the system identifier in the content of a `global/pg_control`; None for what is none."""
    if len(control) < _STATE_AT:
        return None
    number = int.from_bytes(control[:_IDENTIFIER_BYTES], sys.byteorder)
    return str(number) if number else None


def was_shut_down(control: bytes) -> bool:
    """Whether the content of a `global/pg_control` says that its server was stopped in order."""
    return int.from_bytes(control[_STATE_AT : _STATE_AT + 4], sys.byteorder) == _SHUT_DOWN


def copied(source: Path, project: str, *, is_named: bool = True) -> ResourceConflict:
    """The data in Docker is that of another folder, which is still there."""
    own = "give this folder a name of its own in infra.project (config/settings.yaml)"
    if not is_named:
        own += ", or run `sportsplat up --reinit`, which makes one"
    return ResourceConflict(
        f"the data of the Docker project {project} is that of another folder",
        cause=f"it was made for {source}, which still uses it; this folder may be a copy",
        fix=f"run the command in {source.parent}; to have a database here: {own}; to copy the rows: "
        f"sportsplat --project-dir {quote(str(source.parent))} db backup, then db restore FILE here",
        code="VOLUME_NOT_OURS",
    )


def engine_would_change(before: Mapping[str, Any], endpoint: str, engine_id: str) -> DataConflict:
    """This project's data is in another engine than the one that answers now."""
    known = before.get("engine_id") or "its id was not noted"
    return DataConflict(
        "this project's data is in another container engine",
        cause=f"it is in the volume {before.get('volume')} of the engine at {before.get('engine')} "
        f"({known}); now the one at {endpoint} ({engine_id}) answers, which has no such volume",
        fix="go back to that engine (unset DOCKER_HOST and DOCKER_CONTEXT, or set them to it); move the "
        "data: sportsplat db backup there, sportsplat up --reinit and sportsplat db restore FILE here; "
        "start empty here: sportsplat up --reinit",
        code="ENGINE_WOULD_CHANGE",
    )


def data_missing(where: str, why: str, state_dir: Path) -> DataConflict:
    """The data that this project used is not where it was."""
    return DataConflict(
        f"the data of this project is not in {where} any more",
        cause=f"{why}; nothing was changed",
        fix=f"put it back; or {_from_backup(state_dir)}; to use what is there now, or to start empty: "
        f"sportsplat up --reinit",
        code="DATA_MISSING",
    )


def database_would_change(before: str, now: str, state_dir: Path) -> DataConflict:
    """DATABASE_URL means another database than before, and that one is empty."""
    return DataConflict(
        f"this project's data is in another database, and {now} is empty",
        cause=f"DATABASE_URL is now {now}; it was {before}",
        fix=f"set DATABASE_URL back; or {_from_backup(state_dir)}; to start empty there: sportsplat up "
        f"--reinit",
        code="DATABASE_WOULD_CHANGE",
    )


def copied_while_running(data_dir: Path, source: Path) -> DataConflict:
    """A data directory that was copied under its running server: parts of it are older than others."""
    there = f"sportsplat --project-dir {quote(str(source.parent.parent))}"
    return DataConflict(
        f"the data in {data_dir} was copied while its server was running, so it may be torn",
        cause=f"it is a copy of {source}, and was not shut down before it was made",
        fix=f"{there} down, and copy it again; or {there} db backup, and then here: up --reinit (moves the "
        "torn copy aside), db restore FILE",
        code="COPIED_WHILE_RUNNING",
    )


def _project_would_change(known: str, named: str) -> DataConflict:
    return DataConflict(
        f"this project's data is in the Docker project {known}, but the settings now select {named}",
        cause=f"infra.project is {named}; this folder used {known} before",
        fix=f"keep it: set infra.project: {known}; move the data: with that name sportsplat db backup, "
        f"then with the new one sportsplat up --reinit and sportsplat db restore FILE; use what {named} "
        f"has, or start empty there: sportsplat up --reinit",
        code="PROJECT_WOULD_CHANGE",
    )


def _from_backup(state_dir: Path) -> str:
    from sportsplat.infra.backup import file as backup_file

    newest = backup_file.newest(StateFolder(state_dir).backups)
    if newest is None:
        return "restore a backup, if you have one elsewhere (the project's folder has none)"
    path, manifest = newest
    return (
        f"restore the newest backup ({manifest.created_at}, {manifest.rows:,} rows): sportsplat up --reinit "
        f"&& sportsplat db restore {quote(str(path))}"
    )
