"""Containers, networks and volumes of one project in an engine: only what carries its label is touched."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra import errors
from sportsplat.infra.docker.container import Container, to_container
from sportsplat.infra.docker.find import FoundEngine, client
from sportsplat.infra.docker.service import PROJECT_LABEL, Service, to_engine

if TYPE_CHECKING:
    import docker


class EngineRefusedError(EnvironmentUnavailable):
    """The engine refused a request (`ENGINE_REFUSED`); `words` are its own."""

    code = "ENGINE_REFUSED"

    def __init__(self, words: str, status: int = 0) -> None:
        """Keep the message and the HTTP status; the caller knows what they mean for its request."""
        super().__init__(
            "the container engine refused a request",
            cause=f"the engine says: {words}",
            fix="fix what it reports, then run the same command again",
        )
        self.words = words
        self.status = status


class EngineConnection:
    """A connection to one engine, made at the first question.

    Whatever is asked raises EnvironmentUnavailable: `ENGINE_LOST` when the engine no longer answers,
    `ENGINE_REFUSED` (EngineRefusedError) when it refuses.
    """

    def __init__(self, found: FoundEngine) -> None:
        """Nothing is connected yet."""
        self.found = found

    @cached_property
    def _api(self) -> docker.APIClient:
        """The SDK's client, made at the first question: loading it takes 0.13 s."""
        return client(self.found).api

    def is_alive(self) -> bool:
        """Whether the engine answers now."""
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        try:
            return bool(self._api.ping())
        except (DockerException, RequestException, ConnectionError):
            return False

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Translate the SDK's exceptions into ours."""
        from docker.errors import APIError, DockerException
        from requests.exceptions import RequestException
        from urllib3.exceptions import HTTPError

        try:
            yield
        except APIError as error:
            if error.is_server_error() and not self.is_alive():
                raise errors.engine_lost(self.found.endpoint, str(error.explanation)) from error
            raise EngineRefusedError(str(error.explanation or error), error.status_code or 0) from error
        except (RequestException, HTTPError, DockerException, ConnectionError) as error:
            raise errors.engine_lost(self.found.endpoint, str(error)) from error

    def _is_gone(self, remove: Callable[[], None]) -> bool:
        """Remove a thing; return False where the engine keeps it because it is in use."""
        try:
            with self._asked():
                remove()
        except EngineRefusedError as answer:
            if answer.status not in (403, 404, 409):
                raise
            return answer.status == 404
        return True


FOLDER_LABEL = "io.sportsplat.folder"
"""The state folder of the project that made a thing: another one of the same name must leave it alone."""

RUN_LABEL = "io.sportsplat.run"
"""Which run made a thing: what it did not complete it may remove, and nothing else."""

_CPUS = re.compile(r"only (\d+) CPUs? available")
_PORT = re.compile(r"port is already allocated|address already in use|ports are not available", re.IGNORECASE)


class PortBusyError(Exception):
    """The port was taken by somebody else before the engine could publish it."""


class ProjectEngine(EngineConnection):
    """The containers, networks and volumes of a project in an engine; raises what EngineConnection does."""

    def __init__(self, found: FoundEngine, project: str, run: str, folder: str) -> None:
        """Nothing is connected yet. `run` and the state folder `folder` mark what is created."""
        super().__init__(found)
        self.project = project
        self.run = run
        self.folder = folder

    def engine_id(self) -> str:
        """Return the id of this engine, which is the same at each of its addresses.

        Docker has an id, which two engines of one machine may share, so its data's folder belongs to it;
        Podman makes up another id for each answer.
        """
        with self._asked():
            info = self._api.info()
        who = info.get("Name") if self.found.kind == "podman" else info.get("ID")
        return f"{who} {info.get('DockerRootDir')}"

    def folders(self) -> set[str]:
        """Return the state folders for which the project's containers, networks and volumes were made."""
        with self._asked():
            listed = [
                *self._api.containers(all=True, filters=self._label(None)),
                *self._api.networks(filters=self._label(None)),
                *(self._api.volumes(filters=self._label(None))["Volumes"] or []),
            ]
        labels = (entry.get("Labels") or {} for entry in listed)
        return {found[FOLDER_LABEL] for found in labels if FOLDER_LABEL in found}

    def container(self, name: str) -> Container | None:
        """Return the container of that name; raises ResourceConflict (`NAME_TAKEN`) when it is not ours."""
        from docker.errors import NotFound

        with self._asked():
            try:
                found = self._api.inspect_container(name)
            except NotFound:
                return None
        container = to_container(found)
        self._refuse_foreign("container", name, container.labels)
        return container

    def containers(self, *, run: str | None = None) -> list[Container]:
        """Return the project's containers, or those that a run made; those that do not run too."""
        with self._asked():
            listed = self._api.containers(all=True, filters=self._label(run))
        found = (self.container(entry["Names"][0].lstrip("/")) for entry in listed)
        return [container for container in found if container is not None]

    def create(self, service: Service, name: str, network: str, image: str | None = None) -> Container:
        """Create the container of a service, not started; never with more CPUs than the engine has."""
        try:
            self._create(name, to_engine(service, self.project, network, image=image))
        except EngineRefusedError as refused:
            available = _CPUS.search(refused.words)
            if available is None:
                raise
            cpus = float(available.group(1))
            self._create(name, to_engine(service, self.project, network, image=image, cpus=cpus))
        made = self.container(name)
        if made is None:
            raise EngineRefusedError(f"the container {name} was removed right after it was made")
        return made

    def _create(self, name: str, body: dict[str, Any]) -> None:
        body["Labels"] |= self.marks()
        with self._asked():
            self._api.create_container_from_config(body, name)  # type: ignore[no-untyped-call]

    def start(self, container: Container) -> None:
        """Start a container, or wake one that was paused; raises PortBusyError when its port is taken."""
        try:
            with self._asked():
                if container.status == "paused":
                    self._api.unpause(container.id)
                else:
                    self._api.start(container.id)
        except EngineRefusedError as refused:
            if _PORT.search(refused.words):
                raise PortBusyError(refused.words) from refused
            raise

    def stop(self, container: Container, grace_s: int) -> None:
        """Stop a container politely; after `grace_s` seconds its processes are ended."""
        with self._gone_is_fine(), self._asked():
            self._api.stop(container.id, timeout=grace_s)

    def restart(self, container: Container) -> None:
        """Stop and start a container."""
        with self._asked():
            self._api.restart(container.id)

    def rename(self, container: Container, name: str) -> None:
        """Give a container another name."""
        with self._asked():
            self._api.rename(container.id, name)

    def remove(self, container: Container) -> None:
        """Remove a container with its anonymous volumes, whatever its state; its named volumes stay."""
        with self._gone_is_fine(), self._asked():
            self._api.remove_container(container.id, force=True, v=True)

    def networks(self, *, run: str | None = None) -> dict[str, str]:
        """Return the project's networks, or those that a run made, id to name."""
        with self._asked():
            listed = self._api.networks(filters=self._label(run))
        return {entry["Id"]: entry["Name"] for entry in listed}

    def ensure_network(self, name: str) -> bool:
        """Create the private network where it is missing; return whether it was this run that made it.

        Raises ResourceConflict (`NAME_TAKEN`) when that network is not ours.
        """
        with self._asked():
            taken = [entry for entry in self._api.networks(names=[name]) if entry["Name"] == name]
            for entry in taken:
                labels = entry.get("Labels") or {}
                self._refuse_foreign("network", name, labels)
                return bool(labels.get(RUN_LABEL) == self.run)
            self._api.create_network(name, "bridge", check_duplicate=True, labels=self.marks())
        return True

    def remove_network(self, identifier: str) -> bool:
        """Remove a network; return False where it stays because a container of somebody else's uses it."""
        return self._is_gone(lambda: self._api.remove_network(identifier))

    def volumes(self, *, run: str | None = None) -> dict[str, Mapping[str, str]]:
        """Return the project's volumes, or those that a run made, name to labels."""
        with self._asked():
            listed = self._api.volumes(filters=self._label(run))
        return {entry["Name"]: entry.get("Labels") or {} for entry in listed["Volumes"] or []}

    def create_volume(self, name: str, facts: Mapping[str, str]) -> bool:
        """Create a volume with `facts` among its labels; return whether it was us who made it.

        Raises ResourceConflict (`NAME_TAKEN`) when there is one of that name that is not ours.
        """
        with self._asked():
            made = self._api.create_volume(name, labels={**self.marks(), **facts})
        found = made.get("Labels") or {}
        self._refuse_foreign("volume", name, found)
        return bool(found.get(RUN_LABEL) == self.run)

    def remove_volume(self, name: str) -> bool:
        """Remove a volume and the data in it; return False where it stays because a container uses it."""
        return self._is_gone(lambda: self._api.remove_volume(name))

    def users(self, volume: str) -> list[str]:
        """Return the names of the containers, of whatever project, that use a volume."""
        with self._asked():
            listed = self._api.containers(all=True, filters={"volume": volume})
        return sorted(entry["Names"][0].lstrip("/") for entry in listed)

    def image(self, name: str) -> dict[str, Any] | None:
        """Return what the engine knows of an image, None when it has none of that name."""
        from docker.errors import NotFound

        with self._asked():
            try:
                return dict(self._api.inspect_image(name))  # type: ignore[no-untyped-call]
            except NotFound:
                return None

    def pull(self, name: str) -> Iterator[dict[str, Any]]:
        """Pull an image, yielding the engine's reports."""
        repository, tag = _parsed(name)
        with self._asked():
            yield from self._api.pull(repository, tag=tag, stream=True, decode=True)

    def tags(self, labels: Mapping[str, str]) -> list[str]:
        """Return the names of all images that carry these labels."""
        wanted = {"label": [f"{name}={value}" for name, value in labels.items()]}
        with self._asked():
            listed = self._api.images(filters=wanted)
        return [tag for entry in listed for tag in entry.get("RepoTags") or [] if tag != "<none>:<none>"]

    def untagged(self, label: str) -> list[str]:
        """Return the ids of all images that carry a label and no name, newest first."""
        with self._asked():
            listed = self._api.images(filters={"label": [label], "dangling": True})
        return [entry["Id"] for entry in sorted(listed, key=lambda each: -each["Created"])]

    def remove_image(self, name: str) -> bool:
        """Remove an image; return False where it stays because something uses it."""
        return self._is_gone(lambda: self._api.remove_image(name))

    def build(
        self, context: IO[bytes], dockerfile: str, tag: str, labels: Mapping[str, str]
    ) -> Iterator[dict[str, Any]]:
        """Build an image from a tar archive, yielding the engine's reports; one with "error" is the last."""
        with self._asked():
            yield from self._api.build(
                fileobj=context,
                custom_context=True,
                dockerfile=dockerfile,
                tag=tag,
                labels=dict(labels),
                rm=True,
                forcerm=True,
                decode=True,
                use_config_proxy=True,
            )

    def log(self, container: Container, lines: int) -> list[str]:
        """Return the last lines of a container's log."""
        with self._asked():
            text = self._api.logs(container.id, tail=lines)
        return text.decode("utf-8", "replace").splitlines()

    def follow(self, container: Container, lines: int) -> Iterator[str]:
        """Yield the last lines of a container's log, and what is added to it until it ends."""
        rest = ""
        with self._asked():
            for chunk in self._api.logs(container.id, tail=lines, stream=True, follow=True):
                *whole, rest = (rest + chunk.decode("utf-8", "replace")).split("\n")
                yield from whole
        if rest:
            yield rest

    def run_inside(self, container: Container, command: Sequence[str]) -> tuple[int, str]:
        """Run a command in a container; return its exit code and its output.

        For a container that does not run just now that is 126, as for a command that cannot be run.
        """
        try:
            with self._asked():
                made = self._api.exec_create(container.id, list(command))
                output = self._api.exec_start(made["Id"])
                code = self._api.exec_inspect(made["Id"])["ExitCode"]
        except EngineRefusedError as answer:
            if answer.status != 409:
                raise
            return 126, answer.words
        return int(code), bytes(output).decode("utf-8", "replace")

    def read_file(self, container: Container, path: str) -> bytes | None:
        """Return a file's content from a container that need not run; None when there is no such file."""
        from docker.errors import NotFound

        with self._asked():
            try:
                chunks, _ = self._api.get_archive(container.id, path)
                packed = io.BytesIO(b"".join(chunks))
            except NotFound:
                return None
        with tarfile.open(fileobj=packed) as archive:
            member = archive.next()
            content = archive.extractfile(member) if member is not None else None
            return None if content is None else content.read()

    def publishes(self, port: int) -> str | None:
        """Return the name of the running container, of whatever project, that publishes a port."""
        with self._asked():
            for entry in self._api.containers():
                if any(binding.get("PublicPort") == port for binding in entry.get("Ports") or []):
                    return str(entry["Names"][0].lstrip("/"))
        return None

    def _label(self, run: str | None) -> dict[str, Any]:
        of_run = [f"{RUN_LABEL}={run}"] if run is not None else []
        return {"label": [f"{PROJECT_LABEL}={self.project}", *of_run]}

    def marks(self) -> dict[str, str]:
        """Return the labels of all that this run makes."""
        return {PROJECT_LABEL: self.project, RUN_LABEL: self.run, FOLDER_LABEL: self.folder}

    def _refuse_foreign(self, kind: str, name: str, labels: Mapping[str, str]) -> None:
        owner = labels.get(PROJECT_LABEL)
        if owner != self.project:
            raise errors.name_taken(kind, name, owner)

    @contextmanager
    def _gone_is_fine(self) -> Iterator[None]:
        """Let pass that a container is stopped or gone already, or is being removed."""
        try:
            yield
        except EngineRefusedError as answer:
            if answer.status not in (304, 404, 409):
                raise


def _parsed(image: str) -> tuple[str, str | None]:
    """Split `repository:tag`; a digest stays with the repository, a missing tag is `latest`."""
    repository, colon, tag = image.rpartition(":")
    if "@" in image:
        return image, None
    return (repository, tag) if colon and "/" not in tag else (image, "latest")
