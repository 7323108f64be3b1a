"""What the API server needs to know of a project before it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sportsplat.jobs.context import open_context

if TYPE_CHECKING:
    from sportsplat.settings import Settings


@dataclass(frozen=True)
class ServingPlan:
    """One database, the role to read it with, the schema it must have, and the project's folder."""

    dsn: str = field(repr=False)
    role: str
    schema_head: str
    project_dir: Path


def plan_serving(settings: Settings) -> ServingPlan:
    """Find the running database.

    Raises EnvironmentUnavailable when it is not running, MigrationError when its schema is not the code's.
    """
    from sportsplat.db.engine import READ_ROLE
    from sportsplat.db.revisions import head
    from sportsplat.settings import asset_dir

    context = open_context(settings)
    context.connect("read").close()
    return ServingPlan(
        dsn=context.locate().dsn(),
        role=READ_ROLE,
        schema_head=head(asset_dir("migrations")),
        project_dir=settings.project_dir,
    )
