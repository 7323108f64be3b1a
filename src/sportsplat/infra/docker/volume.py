"""The volume that holds a project's data, and taking back what a run had made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sportsplat.infra import identity
from sportsplat.infra.docker.client import FOLDER_LABEL, RUN_LABEL, ProjectEngine
from sportsplat.infra.docker.readiness import marker_inside
from sportsplat.infra.docker.spec import DockerSpec

USER_LABEL = "io.sportsplat.user"
DATABASE_LABEL = "io.sportsplat.database"
_COMPLETE = "volume"
_FORMERLY = "complete"
"""Volumes of projects that this folder used before: switching back to one finds it complete."""

_DISCARDING = "discarding"


@dataclass(frozen=True)
class Volume:
    """The project's present data: the newest generation of its volume. `labels` None: not made yet."""

    name: str
    generation: int
    labels: Mapping[str, str] | None

    @property
    def exists(self) -> bool:
        """Whether the engine has it."""
        return self.labels is not None

    def is_fresh(self, spec: DockerSpec, run: str) -> bool:
        """Whether that run made it, or would, and it was not used yet."""
        return self.labels is None or (self.labels.get(RUN_LABEL) == run and not self.is_complete(spec))

    def is_complete(self, spec: DockerSpec) -> bool:
        """Whether this project once saw its completion marker."""
        return self.exists and _was_complete(spec, self.name)


def present_volume(spec: DockerSpec, engine: ProjectEngine) -> Volume:
    """Return the newest generation among a project's volumes; the first one when there is none."""
    volumes = engine.volumes()
    pattern = re.compile(re.escape(spec.volume()) + r"(?:-(\d+))?")
    found = {int(match.group(1) or 1): name for name in volumes if (match := pattern.fullmatch(name))}
    if not found:
        return Volume(spec.volume(), 1, None)
    newest = max(found)
    return Volume(found[newest], newest, volumes[found[newest]])


def make_volume(spec: DockerSpec, engine: ProjectEngine, name: str) -> bool:
    """Make a volume, labelled with whom its data is for; return whether it was this run that made it."""
    forget_complete(spec, name)  # there was one of that name: somebody removed it past us
    return engine.create_volume(name, {USER_LABEL: spec.user, DATABASE_LABEL: spec.database})


def record_move(spec: DockerSpec, engine: ProjectEngine, volume: Volume) -> None:
    """Leave a mark of this folder in the engine when the data was made for another one, which is gone.

    A volume's labels cannot be changed: the mark is an empty volume with a label of its own. A new project in
    the place of the old folder finds it, and leaves the data alone.
    """
    made_for = (volume.labels or {}).get(FOLDER_LABEL)
    mark = f"{spec.project}-moved"
    if made_for in (None, str(spec.state_dir)):
        return
    marked = engine.volumes().get(mark)
    if marked is not None and marked.get(FOLDER_LABEL) != str(spec.state_dir):
        engine.remove_volume(mark)
    engine.create_volume(mark, {})


def removed_volume(spec: DockerSpec, engine: ProjectEngine) -> str | None:
    """Return the volume that held this project's data when it was used last, if it is gone."""
    held = identity.of_docker(spec.state_dir, spec.project).get(_COMPLETE)
    return held if isinstance(held, str) and held not in engine.volumes() else None


def remove_unfinished(spec: DockerSpec, engine: ProjectEngine) -> list[str]:
    """Remove what this run made, of which nothing is complete; return what that was.

    Interrupted half-way, it is finished by the next run: half of a container and its data is of no use.
    """
    spec.state.update(**{_DISCARDING: engine.run})
    removed = _remove(spec, engine, engine.run)
    spec.state.update(**{_DISCARDING: None})
    return removed


def finish_removal(spec: DockerSpec, engine: ProjectEngine) -> bool:
    """Finish a `remove_unfinished` that was interrupted; return whether anything was removed."""
    run = spec.state.read().get(_DISCARDING)
    if not isinstance(run, str):
        return False
    removed = [] if _completed_meanwhile(spec, engine, run) else _remove(spec, engine, run)
    spec.state.update(**{_DISCARDING: None})
    return bool(removed)


def _completed_meanwhile(spec: DockerSpec, engine: ProjectEngine, run: str) -> bool:
    """Whether a server of that run went on and is complete by now: it may hold what a user put there."""
    return any(
        marker_inside(engine, container, spec) is not None
        for container in engine.containers(run=run)
        if container.running and container.name == spec.container
    )


def _remove(spec: DockerSpec, engine: ProjectEngine, run: str) -> list[str]:
    removed = []
    for container in engine.containers(run=run):
        engine.remove(container)
        removed.append(f"the container {container.name}")
    volumes = [name for name in engine.volumes(run=run) if not _was_complete(spec, name)]
    networks = engine.networks(run=run).items()
    removed += [f"the volume {name}" for name in volumes if engine.remove_volume(name)]
    return removed + [f"the network {name}" for key, name in networks if engine.remove_network(key)]


def forget_complete(spec: DockerSpec, name: str) -> None:
    """Forget that a volume was seen complete, before it goes or a new one takes its name."""
    if not _was_complete(spec, name):
        return
    remembered = spec.state.read()
    others = [other for other in remembered.get(_FORMERLY, []) if other != name]
    last = {_COMPLETE: None, "docker_cluster": None} if remembered.get(_COMPLETE) == name else {}
    spec.state.update(**last, **{_FORMERLY: others or None})


def _was_complete(spec: DockerSpec, name: str) -> bool:
    """Whether this folder saw the completion marker in the volume of that name."""
    remembered = spec.state.read()
    return name == remembered.get(_COMPLETE) or name in remembered.get(_FORMERLY, [])
