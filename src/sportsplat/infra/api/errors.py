"""Errors of `up --stack` when the API does not start: each cause has its own code and fix."""

from __future__ import annotations

from collections.abc import Sequence

from sportsplat.errors import ConfigError, EnvironmentUnavailable, ResourceConflict, TimedOut, UsageError
from sportsplat.infra.api.container import ApiSpec
from sportsplat.infra.docker.client import Container
from sportsplat.infra.docker.errors import last_words
from sportsplat.redact import redact


def needs_docker(backend: str) -> UsageError:
    """The API needs the Docker backend."""
    return UsageError(
        "the stack of database and API runs in Docker only",
        cause=f"this project's database is {backend}",
        fix="sportsplat serve (the same API over this database), or sportsplat up --stack --backend docker",
        code="STACK_NEEDS_DOCKER",
    )


def no_checkout(why: str) -> ConfigError:
    """There is nothing to build an image from."""
    return ConfigError(
        "there is no checkout of sportsplat to take the API's code from",
        cause=f"sportsplat was installed from a wheel, and {why}",
        fix="set infra.api_image (SPORTSPLAT_INFRA__API_IMAGE) to an image of this version and leave out "
        "--reload, or run from a clone of the repository; without Docker: sportsplat serve",
        code="API_IMAGE_UNSET",
    )


def image_unavailable(image: str, why: str | None) -> EnvironmentUnavailable:
    """The image that the settings name is neither here nor to be had."""
    return EnvironmentUnavailable(
        f"the API's image {image} is not here and could not be pulled",
        cause=why,
        fix="correct infra.api_image, or unset it so that the image is built from the checkout",
        code="IMAGE_UNAVAILABLE",
    )


def build_failed(why: str, said: Sequence[str]) -> EnvironmentUnavailable:
    """The build failed; its last lines show why."""
    return EnvironmentUnavailable(
        "the API's image could not be built",
        cause=redact("\n".join([why.strip(), *(f"  {line}" for line in said)])),
        fix="fix what the build reports, or set infra.api_image to an image that is there; then run "
        "`sportsplat up --stack` again",
        code="BUILD_FAILED",
    )


def port_taken(spec: ApiSpec, holder: str) -> ResourceConflict:
    """Somebody else has the API's port."""
    other = spec.port + 1 if spec.port < 65535 else 8000
    return ResourceConflict(
        f"port {spec.port} is taken",
        cause=f"{holder} has it; api.port asks for exactly this port",
        fix=f"SPORTSPLAT_API__PORT={other} sportsplat up --stack (or api.port in config/settings.yaml)",
        code="PORT_TAKEN",
        port=spec.port,
    )


def ended(found: Container | None, name: str, log: Sequence[str]) -> EnvironmentUnavailable:
    """The API ended instead of serving, in its own words; `found` None: its container was removed."""
    state = f"container {name} was removed" if found is None else found.described()
    return EnvironmentUnavailable(
        "the API ended instead of serving",
        cause=redact(f"{state}; its log ends: {last_words(log)}"),
        fix="fix what it reports, then run `sportsplat up --stack` again; more: sportsplat logs api",
        code="START_FAILED",
    )


def engine_refused(words: str) -> EnvironmentUnavailable:
    """The engine will not run it."""
    return EnvironmentUnavailable(
        "the container engine refused to start the API",
        cause=f"the engine says: {words}",
        fix="fix what it reports, then run `sportsplat up --stack` again",
        code="START_FAILED",
    )


def timed_out(container: Container, log: Sequence[str], found: str, timeout_s: float) -> TimedOut:
    """The container runs, and the API is not ready."""
    return TimedOut(
        f"the API was not ready within {timeout_s:g} s",
        cause=redact(f"{found}; {container.described()}; its log ends: {last_words(log)}"),
        fix="sportsplat up --stack --timeout 300, or look at `sportsplat logs api`",
        code="START_TIMED_OUT",
    )
