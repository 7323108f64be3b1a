"""What the tests of Docker rely on: nothing of a project stays behind, and nothing else is touched."""

from __future__ import annotations

from tests.engine import POSTGRES_IMAGE, PROJECT_LABEL, DockerProject


def test_all_of_a_project_is_removed_and_nothing_else(docker_project: DockerProject) -> None:
    engine, name = docker_project.engine, docker_project.name
    labels = {PROJECT_LABEL: name}
    other = engine.volumes.create(f"{name}-other", labels={PROJECT_LABEL: f"{name}-other"})
    try:
        network = engine.networks.create(name, labels=labels)
        volume = engine.volumes.create(f"{name}-postgres-data", labels=labels)
        engine.containers.run(
            POSTGRES_IMAGE,
            ["sleep", "60"],
            detach=True,
            name=docker_project.container,
            network=network.name,
            labels=labels,
            volumes={volume.name: {"bind": "/var/lib/postgresql/data", "mode": "rw"}},
        )
        kinds = [line.split()[0] for line in docker_project.leftovers()]
        assert kinds == ["container", "network", "volume"]

        docker_project.remove()

        assert docker_project.leftovers() == []
        assert engine.volumes.get(other.name).id == other.id
    finally:
        other.remove()
