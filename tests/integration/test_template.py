"""A new database is a copy of one made before: when that may be, and that it opens for nobody by itself."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sportsplat.infra.embedded import postmaster, template
from sportsplat.infra.embedded import template as pack
from sportsplat.infra.embedded.account import server_account
from sportsplat.infra.embedded.environment import EmbeddedEnvironment
from sportsplat.infra.embedded.initdb import NewDatabase, Owner
from sportsplat.paths import asset_dir
from tests.embedded import Make, query
from tests.program import PROGRAM, Ran, environment, run, servers

SCHEMA = asset_dir("compose") / "postgres" / "init" / "10-sportsplat.sql"


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the template of an empty database."""
    folder = tmp_path_factory.mktemp("shelf")
    account = server_account(folder / "nowhere", [folder])
    work = tmp_path_factory.mktemp("work")
    account.chown(work)
    with (work / "lock").open("w") as lock:
        owner = Owner("sportsplat", "not in a template", "sportsplat")
        assert NewDatabase(owner, account, lock.fileno()).make(work / "data", folder / "templates") is False
    return folder / "templates"


@pytest.fixture
def templates(shelf: Path, tmp_path: Path) -> Path:
    """A copy of that folder, for a test to do as it likes with."""
    return shutil.copytree(shelf, tmp_path / "cache" / "templates")


def only(templates: Path) -> Path:
    (found,) = templates.glob("*.pack")
    return found


def is_a_copy(environment: EmbeddedEnvironment) -> bool:
    made = next(action for action in environment.ensure(60).actions if action.startswith("initialised"))
    return made.endswith("from its template")


def test_the_second_project_is_a_copy_with_a_password_of_its_own(
    make: Make, tmp_path: Path, templates: Path
) -> None:
    one = make(tmp_path / "one", templates=templates)
    other = make(tmp_path / "other", templates=templates)

    assert is_a_copy(one)
    assert is_a_copy(other)
    query(one, "CREATE TABLE mine()")
    assert other.ask("SELECT count(*) FROM pg_tables WHERE tablename = 'mine'") == ["0"]
    passwords = [each.endpoint().password for each in (one, other)]
    assert passwords[0] != passwords[1]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(
            host="127.0.0.1",
            port=other.endpoint().port,
            user="sportsplat",
            dbname="sportsplat",
            password=passwords[0],
        )
    kept = only(templates).read_bytes()
    assert not any(password.encode() in kept for password in passwords)


@pytest.mark.parametrize("way", ["socket", "tcp"])
def test_a_copy_lets_nobody_in_before_it_has_its_password(tmp_path: Path, templates: Path, way: str) -> None:
    account = server_account(tmp_path / "nowhere", [tmp_path])
    account.chown(tmp_path)
    owner = Owner("sportsplat", "the project's", "sportsplat")
    with (tmp_path / "lock").open("w") as lock:
        assert NewDatabase(owner, account, lock.fileno()).make(tmp_path / "data", templates)
    options = {"listen_addresses": "127.0.0.1", "port": "0", "unix_socket_directories": str(tmp_path)}
    options["port"] = str(_free_port())
    postmaster.start(tmp_path / "data", tmp_path / "log", account, options, 30)
    try:
        for password in ("", "sportsplat", "postgres", owner.password):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(
                    host=str(tmp_path) if way == "socket" else "127.0.0.1",
                    port=int(options["port"]),
                    user=owner.user,
                    dbname=owner.database,
                    password=password,
                    passfile="/dev/null",
                )
    finally:
        postmaster.stop(tmp_path / "data", 30)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_schema_of_a_copy_is_that_of_the_migrations(tmp_path: Path) -> None:
    """Each way to a new database, by template or without one, ends where the migrations end."""
    cache = tmp_path / "cache"
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        up = run(tmp_path / name, "up", "--json", XDG_CACHE_HOME=str(cache))
        try:
            assert up.data["schema_revision"] == up.data["schema_head"]
            assert [action.split()[0] for action in up.data["actions"]] == [
                "generated",
                "initialised",
                "started",
            ]
            assert run(tmp_path / name, "db", "check", "--json").data["objects"] > 100
        finally:
            run(tmp_path / name, "down", "--volumes", "--yes")
    assert up.data["actions"][1].endswith("from its template")
    assert stat.S_IMODE((cache / "sportsplat" / "templates").stat().st_mode) == 0o700
    assert stat.S_IMODE(only(cache / "sportsplat" / "templates").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "damage",
    [
        "a flipped bit",
        *(
            pytest.param(each, marks=pytest.mark.slow)
            for each in ("half of it", "nothing in it", "another version's")
        ),
    ],
)
def test_a_damaged_template_is_thrown_away_and_made_anew(
    make: Make, tmp_path: Path, templates: Path, damage: str
) -> None:
    content = bytearray(only(templates).read_bytes())
    content[len(content) // 2] ^= 0x10
    broken = {
        "a flipped bit": bytes(content),
        "half of it": bytes(content[: len(content) // 2]),
        "nothing in it": b"",
        "another version's": b"sportsplat-pack 0\n",
    }[damage]
    only(templates).write_bytes(broken)

    assert not is_a_copy(make(tmp_path / "one", templates=templates))
    assert len(only(templates).read_bytes()) > len(broken) or damage == "a flipped bit"
    assert is_a_copy(make(tmp_path / "other", templates=templates))


def _to_others(folder: Path) -> None:
    os.chown(folder, 65534, 65534)


def _file_to_others(folder: Path) -> None:
    os.chown(only(folder), 65534, 65534)


def _open_to_all(folder: Path) -> None:
    folder.chmod(0o777)


def _behind_a_link(folder: Path) -> None:
    template = only(folder)
    elsewhere = template.rename(folder.parent / "elsewhere")
    template.symlink_to(elsewhere)


@pytest.mark.parametrize("way", [_to_others, _file_to_others, _open_to_all, _behind_a_link])
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_template_that_others_could_have_made_is_not_used(
    make: Make, tmp_path: Path, templates: Path, way: Callable[[Path], None]
) -> None:
    before = only(templates).read_bytes()
    way(templates)

    project = make(tmp_path / "one", templates=templates)
    assert not is_a_copy(project)
    assert project.ask("SELECT 1") == ["1"]
    if way in (_to_others, _open_to_all):
        assert only(templates).read_bytes() == before


@pytest.mark.parametrize("place", ["/dev/null/templates", "/proc/templates"])
def test_where_none_can_be_kept_each_database_is_made_anew(make: Make, tmp_path: Path, place: str) -> None:
    project = make(tmp_path, templates=Path(place))

    assert not is_a_copy(project)
    assert project.ask("SELECT 1") == ["1"]


def test_a_template_stands_for_its_user_its_database_and_its_schema(
    make: Make, tmp_path: Path, templates: Path
) -> None:
    """Five kinds of database: the one used longest ago has no room."""
    first = only(templates)
    script = tmp_path / "script.sql"
    script.write_text(
        "\\set ON_ERROR_STOP on\nCREATE TABLE t (x text);\n\nINSERT INTO t VALUES ('a;\n\nb');\n"
    )
    kinds: list[dict[str, Any]] = [{"user": "other"}, {"database": "other"}, {"schema": script}]
    for number, changes in enumerate(kinds):
        assert not is_a_copy(make(tmp_path / f"{number}", templates=templates, **changes))
    with_table = make(tmp_path / "again", templates=templates, schema=script)
    assert is_a_copy(with_table)
    assert with_table.ask("SELECT count(*) FROM t") == ["1"]
    assert len(list(templates.glob("*.pack"))) == 4

    os.utime(first, (0, 0))
    (templates / "killed.partial").write_text("left by a killed `up`")
    assert not is_a_copy(make(tmp_path / "fifth", templates=templates, user="fifth"))
    assert len(list(templates.glob("*.pack"))) == 4
    assert not first.exists()
    assert list(templates.glob("*.partial")) == []


def test_a_schema_that_fails_leaves_neither_data_nor_template(make: Make, tmp_path: Path) -> None:
    script = tmp_path / "script.sql"
    script.write_text("CREATE TABLE t();\n\nSELECT 1/0;\n")
    broken = make(tmp_path / "one", templates=tmp_path / "templates", schema=script)

    with pytest.raises(Exception, match="could not prepare the database") as refused:
        broken.ensure(60)
    assert "division by zero" in str(getattr(refused.value, "cause", ""))
    assert not broken.spec.data_dir.exists()
    assert list(broken.spec.state_dir.glob("unfinished-*")) == []
    assert list((tmp_path / "templates").glob("*.pack")) == []


@pytest.mark.fault
def test_ten_new_projects_at_once_make_one_template(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    projects = [tmp_path / f"project-{number}" for number in range(10)]
    for project in projects:
        project.mkdir()

    def up(project: Path) -> Ran:
        return run(project, "up", "--json", XDG_CACHE_HOME=str(cache))

    try:
        with ThreadPoolExecutor(10) as pool:
            ran = list(pool.map(up, projects))
        assert [one.exit_code for one in ran] == [0] * 10
        made = [action for one in ran for action in one.data["actions"] if action.startswith("initialised")]
        assert sorted(action.endswith("from its template") for action in made) == [False] + [True] * 9
        assert len({one.data["endpoint"] for one in ran}) == 10
        kept = {path.name for path in (cache / "sportsplat" / "templates").iterdir()}
        assert kept == {"lock", only(cache / "sportsplat" / "templates").name}
    finally:
        for project in projects:
            run(project, "down", "--volumes", "--yes")
    assert servers(tmp_path) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_home_that_cannot_be_written_costs_the_template_only(tmp_path: Path) -> None:
    account = server_account(tmp_path / "nowhere", [tmp_path, Path(PROGRAM)])
    project, home = tmp_path / "project", tmp_path / "home"
    for folder in (project, home):
        folder.mkdir()
    account.chown(project)
    home.chmod(0o555)
    at_home = {"HOME": str(home), "XDG_CACHE_HOME": "", "SPORTSPLAT_PROJECT_DIR": str(project)}
    variables = [f"{key}={value}" for key, value in environment(**at_home).items()]

    def sportsplat(*arguments: str) -> subprocess.CompletedProcess[str]:
        return account.run(["env", *variables, PROGRAM, *arguments], capture_output=True)

    try:
        done = sportsplat("up", "--json")
        assert done.returncode == 0, done
        assert list(home.iterdir()) == []
    finally:
        sportsplat("down", "--volumes", "--yes")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_CACHE_HOME": "/cache", "HOME": "/home/me"}, Path("/cache/sportsplat/templates")),
        ({"HOME": "/home/me"}, Path("/home/me/.cache/sportsplat/templates")),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/home/me"}, Path("/home/me/.cache/sportsplat/templates")),
        ({"XDG_CACHE_HOME": "", "HOME": ""}, None),
        ({}, None),
    ],
)
def test_templates_lie_in_the_users_cache(environ: dict[str, str], expected: Path | None) -> None:
    assert template.default_folder(environ) == expected


def test_a_packed_folder_comes_back_as_it_was(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "below" / "empty").mkdir(parents=True)
    contents = {"a": b"", "b": b"x\0y", "below/c": b"twice" + bytes(9000), "d": b"twice", "e": bytes(70_000)}
    for name, content in contents.items():
        (source / name).write_bytes(content)
    with (tmp_path / "pack").open("wb") as file:
        pack.write(source, file)

    account = server_account(tmp_path / "nowhere", [])
    packed = (tmp_path / "pack").read_bytes()
    pack.read(packed, tmp_path / "back", account)
    assert {name: (tmp_path / "back" / name).read_bytes() for name in contents} == contents
    assert (tmp_path / "back" / "below" / "empty").is_dir()
    assert stat.S_IMODE((tmp_path / "back" / "a").stat().st_mode) == 0o600
    assert packed.count(b"twice") == 1
    with pytest.raises(pack.DamagedError):
        pack.read(packed + b"\0", tmp_path / "longer", account)
    assert not (tmp_path / "longer").exists()
