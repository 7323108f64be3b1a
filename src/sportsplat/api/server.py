"""The application as a server process builds it: from the settings of the project it is started in."""

from __future__ import annotations

from fastapi import FastAPI

from sportsplat.api.app import create_app
from sportsplat.config.load import load_settings
from sportsplat.jobs.serving import plan_serving


def factory() -> FastAPI:
    """Build the application of the project that SPORTSPLAT_PROJECT_DIR and SPORTSPLAT_PROFILE name."""
    plan = plan_serving(load_settings())
    return create_app(
        dsn=plan.dsn, role=plan.role, schema_head=plan.schema_head, project_dir=plan.project_dir
    )
