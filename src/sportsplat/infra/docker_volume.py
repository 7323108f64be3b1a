"""The volume that holds a project's data, and taking back what a run had made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sportsplat.infra import memory
from sportsplat.infra.docker_inside import marker_inside
from sportsplat.infra.docker_objects import RUN_LABEL, Objects
from sportsplat.infra.docker_spec import DockerSpec

USER_LABEL = "io.sportsplat.user"
DATABASE_LABEL = "io.sportsplat.database"
FOLDER_LABEL = "io.sportsplat.folder"
"""The state folder of the project that made a volume: another one of the same name must not delete it."""

_COMPLETE = "volume"
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
        """Whether that run made it, or would, and nobody has used it yet."""
        return self.labels is None or (self.labels.get(RUN_LABEL) == run and not self.is_complete(spec))

    def is_complete(self, spec: DockerSpec) -> bool:
        """Whether this project once saw its completion marker."""
        return self.exists and _seen_complete(spec) == self.name


def present_volume(spec: DockerSpec, engine: Objects) -> Volume:
    """Return the newest generation among a project's volumes; the first one when there is none."""
    volumes = engine.volumes()
    pattern = re.compile(re.escape(spec.volume()) + r"(?:-(\d+))?")
    found = {int(match.group(1) or 1): name for name in volumes if (match := pattern.fullmatch(name))}
    if not found:
        return Volume(spec.volume(), 1, None)
    newest = max(found)
    return Volume(found[newest], newest, volumes[found[newest]])


def make_volume(spec: DockerSpec, engine: Objects, name: str) -> bool:
    """Make a volume, labelled with whom its data is for; return whether it was this run that made it."""
    forget_complete(spec, name)  # there was one of that name: somebody removed it past us
    facts = {USER_LABEL: spec.user, DATABASE_LABEL: spec.database, FOLDER_LABEL: str(spec.state_dir)}
    return engine.create_volume(name, facts)


def was_removed(spec: DockerSpec, volume: Volume) -> bool:
    """Whether the volume held this project's data once, and is gone."""
    return not volume.exists and _seen_complete(spec) == volume.name


def foreign_folder(spec: DockerSpec, labels: Mapping[str, str]) -> str | None:
    """Return the folder for which a volume was made, unless it is this one or this one has used it too.

    One that was made by hand names no folder, and is its project's.
    """
    folder = labels.get(FOLDER_LABEL)
    used = memory.recall(spec.state_dir).get("project") == spec.project
    return None if used or folder == str(spec.state_dir) else folder


def take_back(spec: DockerSpec, engine: Objects) -> list[str]:
    """Remove what this run made, of which nothing is complete; return what that was.

    Interrupted half-way, it is finished by the next run: half of a container and its data is of no use.
    """
    memory.remember(spec.state_dir, **{_DISCARDING: engine.run})
    removed = _remove(spec, engine, engine.run)
    memory.remember(spec.state_dir, **{_DISCARDING: None})
    return removed


def finish_taking_back(spec: DockerSpec, engine: Objects) -> bool:
    """Remove what an interrupted `take_back` left, unless it became whole; return whether it did remove."""
    run = memory.recall(spec.state_dir).get(_DISCARDING)
    if not isinstance(run, str):
        return False
    removed = [] if _completed_meanwhile(spec, engine, run) else _remove(spec, engine, run)
    memory.remember(spec.state_dir, **{_DISCARDING: None})
    return bool(removed)


def _completed_meanwhile(spec: DockerSpec, engine: Objects, run: str) -> bool:
    """Whether a server of that run went on and is complete by now: it may hold what a user put there."""
    return any(
        marker_inside(engine, container, spec) is not None
        for container in engine.containers(run=run)
        if container.running and container.name == spec.container
    )


def _remove(spec: DockerSpec, engine: Objects, run: str) -> list[str]:
    removed = []
    for container in engine.containers(run=run):
        engine.remove(container)
        removed.append(f"the container {container.name}")
    volumes = [name for name in engine.volumes(run=run) if name != _seen_complete(spec)]
    networks = engine.networks(run=run).items()
    removed += [f"the volume {name}" for name in volumes if engine.remove_volume(name)]
    return removed + [f"the network {name}" for key, name in networks if engine.remove_network(key)]


def forget_complete(spec: DockerSpec, name: str) -> None:
    """Forget that a volume was seen complete, before it goes or a new one takes its name."""
    if _seen_complete(spec) == name:
        memory.remember(spec.state_dir, **{_COMPLETE: None})


def _seen_complete(spec: DockerSpec) -> object:
    """Return the name of the volume whose completion marker was seen last."""
    return memory.recall(spec.state_dir).get(_COMPLETE)
