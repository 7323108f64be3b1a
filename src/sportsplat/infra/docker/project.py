"""The project's things in an engine, used only where they are this folder's: one check for all commands."""

from __future__ import annotations

from pathlib import Path

from sportsplat.infra import identity
from sportsplat.infra.docker.client import ProjectEngine
from sportsplat.infra.docker.container import Container
from sportsplat.infra.docker.find import find_engine
from sportsplat.infra.docker.service import DATA_TARGET
from sportsplat.infra.docker.spec import DockerSpec

_CONTROL = f"{DATA_TARGET}/global/pg_control"


def open_project(spec: DockerSpec, run: str) -> ProjectEngine:
    """Return the project's things in the engine that the project uses; `run` marks what is created.

    Nothing is asked of the engine yet for a project that never had data in one.
    Raises DataConflict (`ENGINE_WOULD_CHANGE`), EnvironmentUnavailable (`NO_ENGINE`, `ENGINE_REMOTE`).
    """
    before = identity.of_docker(spec.state_dir, spec.project)
    engine = ProjectEngine(
        find_engine(remembered=before.get("engine")), spec.project, run, str(spec.state_dir)
    )
    volume, known = before.get("volume"), before.get("engine_id")
    if not isinstance(volume, str) or (known is None and before.get("engine") == engine.found.endpoint):
        return engine
    now = engine.engine_id()
    # One that was moved or installed anew has another id: with the volume in it, it is the same to us.
    if known != now and volume not in engine.volumes():
        raise identity.engine_would_change(before, engine.found.endpoint, now)
    return engine


def refuse_other_folder(spec: DockerSpec, engine: ProjectEngine) -> None:
    """Raise ResourceConflict (`VOLUME_NOT_OURS`) when the project in the engine is that of another folder.

    A folder that is gone was moved here; one that says that its project is another has no claim.
    """
    accepted = identity.of_docker(spec.state_dir, spec.project).get(identity.FOLDER) == str(spec.state_dir)
    for folder in sorted(engine.folders() - {str(spec.state_dir)}):
        path = Path(folder)
        if identity.is_other_folder(path, spec.state_dir) and identity.claims(
            path, spec.project, unless_known=accepted
        ):
            raise identity.copied(path, spec.project)


def cluster_of(spec: DockerSpec, engine: ProjectEngine, volume: str) -> str | None:
    """Return the system identifier of the data in a volume, whether or not a container uses it.

    None where there is no data, or nothing to look with: the image is not here, and none is pulled for this.
    """
    used_by = engine.container(spec.container) if spec.container in engine.users(volume) else None
    if used_by is not None:
        return cluster_in(engine, used_by)
    if engine.image(spec.image) is None:
        return None
    name = f"{spec.container}-look"
    if (left := engine.container(name)) is not None:  # by a killed command
        engine.remove(left)
    never_started = engine.create(spec.service(volume, 0), name, spec.network)
    try:
        return cluster_in(engine, never_started)
    finally:
        engine.remove(never_started)


def cluster_in(engine: ProjectEngine, container: Container) -> str | None:
    """Return the system identifier of the data that a container mounts; None where there is no such data.

    The container need not run, nor ever have run.
    """
    control = engine.read_file(container, _CONTROL)
    return None if control is None else identity.identifier(control)
