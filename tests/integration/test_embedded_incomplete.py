"""Embedded data that is half initialised, or looks so: swept, adopted, or named and left alone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from sportsplat.errors import DataConflict
from sportsplat.infra.embedded import initdb
from sportsplat.infra.embedded.account import server_account
from tests.embedded import Make, query
from tests.program import servers

pytestmark = pytest.mark.fault


def test_what_a_killed_initialisation_left_is_swept(make: Make, tmp_path: Path) -> None:
    environment = make(tmp_path)
    left = environment.spec.state_dir / f"{initdb.UNFINISHED}123-dead" / "data"
    left.mkdir(parents=True)
    (left / "PG_VERSION").write_text("16\n")

    actions = environment.ensure(60).actions

    assert actions[0] == "removed what an interrupted command left"
    assert not left.parent.exists()


def test_whole_data_without_a_marker_is_adopted(made: Make, tmp_path: Path) -> None:
    """Killed between the rename and the marker."""
    environment = made(tmp_path)
    environment.ensure(60)
    query(environment, "CREATE TABLE kept AS SELECT 42 AS answer")
    environment.stop()
    (environment.spec.data_dir / "sportsplat-complete.json").unlink()
    assert environment.status().state == "incomplete"

    environment.ensure(60)

    assert environment.ask("SELECT answer FROM kept") == ["42"]
    assert initdb.is_marked(environment.spec.data_dir)


def test_data_without_a_database_is_named_incomplete_and_left_alone(made: Make, tmp_path: Path) -> None:
    """The state in which the wheel's own initialisation leaves its folder when it is killed."""
    environment = made(tmp_path)
    environment.ensure(60)
    elsewhere = replace(environment.endpoint(), database="postgres")
    with psycopg.connect(elsewhere.dsn(), autocommit=True) as connection:
        connection.execute("DROP DATABASE sportsplat WITH (FORCE)")
    environment.stop()
    (environment.spec.data_dir / "sportsplat-complete.json").unlink()

    with pytest.raises(DataConflict) as refused:
        environment.ensure(60)

    assert refused.value.error_code == "INCOMPLETE_DATA"
    assert "--reinit" in (refused.value.fix or "")
    assert environment.status().state == "incomplete"
    assert servers(tmp_path) == []

    (action,) = environment.set_aside()
    aside = environment.spec.state_dir / action.split()[-1]
    assert (aside / "PG_VERSION").exists()
    environment.ensure(60)
    assert environment.set_aside() == []
    assert environment.status().state == "running"
    shutil.rmtree(aside)


def test_a_folder_that_holds_no_data_is_incomplete(make: Make, tmp_path: Path) -> None:
    environment = make(tmp_path, configured_password="given")
    environment.spec.data_dir.mkdir(parents=True)
    server_account(tmp_path / "nowhere", []).chown(environment.spec.data_dir)

    with pytest.raises(DataConflict, match="not a complete initialisation"):
        environment.ensure(60)
    assert environment.spec.data_dir.exists()


def test_data_that_initdb_left_half_made_is_incomplete(make: Make, tmp_path: Path) -> None:
    environment = make(tmp_path, configured_password="given")
    data_dir = environment.spec.data_dir
    data_dir.mkdir(parents=True)
    (data_dir / "PG_VERSION").write_text("16\n")
    server_account(tmp_path / "nowhere", []).chown(data_dir)

    with pytest.raises(DataConflict) as refused:
        environment.ensure(60)

    assert refused.value.error_code == "INCOMPLETE_DATA"
    assert "--reinit" in (refused.value.fix or "")
