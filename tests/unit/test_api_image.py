"""What an image of the API is built from: which files, and when it has to be built again."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from sportsplat.infra.api import image as api_image
from sportsplat.infra.api.image import Context, read_context, write_archive


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository as far as the build is concerned."""
    files = {
        ".dockerignore": "# nothing but these\n*\n!src\n!requirements-runtime.lock\n**/__pycache__\n",
        "compose/Dockerfile": "FROM scratch\n",
        "requirements-runtime.lock": "numpy==2\n",
        "pyproject.toml": "[project]\n",
        "src/sportsplat/__init__.py": "",
        "src/sportsplat/__pycache__/__init__.pyc": "bytes",
        ".env": "POSTGRES_PASSWORD=hunter2\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_the_engine_is_given_what_dockerignore_lets_through(root: Path) -> None:
    files = [name for name in read_context(root).files if (root / name).is_file()]

    assert files == [
        ".dockerignore",
        "compose/Dockerfile",
        "requirements-runtime.lock",
        "src/sportsplat/__init__.py",
    ]


def test_a_changed_file_makes_another_image_and_an_ignored_one_does_not(root: Path) -> None:
    before = read_context(root)

    (root / ".env").write_text("POSTGRES_PASSWORD=hunter3\n")
    (root / "src/sportsplat/__pycache__/__init__.pyc").write_text("others")
    assert read_context(root) == before

    (root / "src/sportsplat/__init__.py").write_text("VERSION = 2\n")
    changed = read_context(root)
    assert (changed.code == before.code, changed.dependencies == before.dependencies) == (False, True)

    (root / "requirements-runtime.lock").write_text("numpy==3\n")
    assert read_context(root).dependencies != before.dependencies


def test_a_renamed_file_makes_another_image(root: Path) -> None:
    before = read_context(root)
    (root / "src/sportsplat/__init__.py").rename(root / "src/sportsplat/other.py")

    assert read_context(root).code != before.code


def test_this_repository_can_be_built_from_and_gives_no_secret_away() -> None:
    root = api_image.checkout()
    assert root is not None
    files = read_context(root).files

    assert "src/sportsplat/cli/main.py" in files
    assert not [name for name in files if name.startswith((".env", ".sportsplat", ".git", ".venv"))]


def test_a_wheel_has_nothing_to_build_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_image, "asset_dir", lambda _: tmp_path / "_assets" / "compose")

    assert api_image.checkout() is None


def test_what_is_built_from_a_checkout_of_umask_077_is_readable_for_everybody(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir(mode=0o700)
    for name, mode in (("src/a.py", 0o600), ("run", 0o700)):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)
    with (tmp_path / "archive").open("w+b") as archive:
        write_archive(Context(tmp_path, ("run", "src", "src/a.py"), "", ""), archive)
        archive.seek(0)
        with tarfile.open(fileobj=archive) as tar:
            modes = {entry.name: (entry.mode, entry.uid) for entry in tar.getmembers()}
    assert modes == {"run": (0o755, 0), "src": (0o755, 0), "src/a.py": (0o644, 0)}
