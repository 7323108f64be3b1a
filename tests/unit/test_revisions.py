"""The chain of migrations is read from their files, without Alembic."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from sportsplat.db.schema.revisions import behind, head, revisions
from sportsplat.errors import MigrationError
from sportsplat.paths import asset_dir

MIGRATIONS = asset_dir("migrations")


def write(folder: Path, chain: dict[str, str | None]) -> Path:
    versions = folder / "versions"
    versions.mkdir()
    for revision, before in chain.items():
        follows = f'"{before}"' if before else "None"
        text = f'"""Title."""\n\nrevision = "{revision}"\ndown_revision = {follows}\n'
        (versions / f"{revision}.py").write_text(text, encoding="utf-8")
    return folder


def test_the_chain_follows_down_revision_and_not_the_names_of_files(tmp_path: Path) -> None:
    folder = write(tmp_path, {"c": None, "a": "c", "b": "a"})
    assert revisions(folder) == ["c", "a", "b"]
    assert head(folder) == "b"
    assert behind(None, folder) == ["c", "a", "b"]
    assert behind("a", folder) == ["b"]
    assert behind("b", folder) == []


def test_the_chain_is_the_one_that_alembic_sees() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    walked = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert revisions(MIGRATIONS) == walked[::-1]


def test_a_file_made_from_the_template_continues_the_chain(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(MIGRATIONS, tmp_path / "migrations"))
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(folder))
    command.revision(config, "venues of matches", rev_id="9000")
    assert revisions(folder) == [*revisions(MIGRATIONS), "9000"]
    made = (folder / "versions" / "9000_venues_of_matches.py").read_text(encoding="utf-8")
    assert made.startswith('"""Venues of matches.')
    compile(made, "migration", "exec")


@pytest.mark.parametrize(
    "chain", [{"a": None, "b": "a", "c": "a"}, {"a": None, "c": "b"}, {"a": "b", "b": "a"}, {}]
)
def test_files_that_are_no_single_chain_are_refused(tmp_path: Path, chain: dict[str, str | None]) -> None:
    with pytest.raises(MigrationError, match="no single chain"):
        revisions(write(tmp_path, chain))


def test_an_unknown_revision_is_a_newer_schema(tmp_path: Path) -> None:
    with pytest.raises(MigrationError) as caught:
        behind("z", write(tmp_path, {"a": None}))
    assert caught.value.error_code == "SCHEMA_NEWER"


def test_asking_for_the_head_imports_neither_alembic_nor_sqlalchemy() -> None:
    program = (
        "import sys; from sportsplat.db.schema.migrate import head; from sportsplat.paths import asset_dir;"
        "head(asset_dir('migrations'));"
        "sys.exit(', '.join({'alembic', 'sqlalchemy'} & sys.modules.keys()))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.stderr.strip() == ""
