"""Under which name a project stands in an engine."""

from __future__ import annotations

import re
from pathlib import Path

from sportsplat.config.load import load_settings
from sportsplat.infra.state_folder import StateFolder, name_of, project_name


def test_a_name_is_made_from_the_folder_and_tells_two_of_one_name_apart(tmp_path: Path) -> None:
    one, other = tmp_path / "a" / "My League 2026!", tmp_path / "b" / "My League 2026!"
    assert re.fullmatch(r"my-league-2026-[0-9a-f]{6}", name_of(one))
    assert name_of(one) != name_of(other)
    assert name_of(one) == name_of(one)


def test_any_folder_has_a_name_that_an_engine_accepts(tmp_path: Path) -> None:
    for folder in ("ÄÖÜ", "x" * 100, "-.-", "ends-with-dash-" + "y" * 17):
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]*[a-z0-9]", name_of(tmp_path / folder))
        assert len(name_of(tmp_path / folder)) <= 40


def test_the_settings_name_wins_and_the_remembered_one_outlives_a_move(tmp_path: Path) -> None:
    settings = load_settings(project_dir=tmp_path, environ={})
    assert project_name(settings) == name_of(tmp_path)
    StateFolder(settings.state_dir).update(project="remembered")
    assert project_name(settings) == "remembered"
    named = load_settings(project_dir=tmp_path, environ={}, overrides={"infra.project": "mine"})
    assert project_name(named) == "mine"
