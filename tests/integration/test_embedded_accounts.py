"""Whose account an embedded server runs under: root's, in a container too, and a normal user's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sportsplat.infra.embedded.account import server_account
from sportsplat.infra.programs import bin_dir
from tests.program import environment

pytestmark = pytest.mark.fault

LIFE = """
import os, signal, sys
from pathlib import Path
from sportsplat.infra.embedded.environment import EmbeddedEnvironment
from sportsplat.infra.embedded.server import EmbeddedServer
from sportsplat.infra.embedded.spec import EmbeddedSpec
folder = Path(sys.argv[1])
spec = EmbeddedSpec(folder / ".sportsplat", folder / ".env", tuning={"fsync": "off"})
environment = EmbeddedEnvironment(spec)
try:
    environment.ensure(60)
    environment.ask("CREATE TABLE kept AS SELECT 42 AS answer")
    pid = environment.status().services[0]["pid"]
    assert environment.ensure(60).actions == []
    os.kill(pid, signal.SIGKILL)
    assert len(environment.ensure(60).actions) == 1
    environment.stop()
    assert environment.status().state == "stopped"
    environment.ensure(60)
    print(environment.ask("SELECT answer FROM kept")[0], Path("/proc/self").stat().st_uid)
finally:
    environment.remove()
"""

CONTAINER = (
    "-all,+chown,+dac_override,+fsetid,+fowner,+mknod,+net_raw,+setgid,+setuid,+setfcap,+setpcap,"
    "+net_bind_service,+sys_chroot,+kill,+audit_write"
)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can lay down capabilities")
@pytest.mark.parametrize("capabilities", ["+all", CONTAINER], ids=["machine", "container"])
def test_root_lives_with_a_server_below_private_folders(tmp_path: Path, capabilities: str) -> None:
    """Project and programs lie where the server's account may not go, as below /root.

    In a container root itself may neither read everything nor look into the processes of others.
    """
    (tmp_path / "private").mkdir(mode=0o700)
    package = bin_dir().parents[1]
    for part in (package, package.with_name(f"{package.name}.libs")):
        subprocess.run(["cp", "-a", part, tmp_path / "private"], check=True)
    (tmp_path / "private" / "project").mkdir()
    limit = ["setpriv", f"--bounding-set={capabilities}"]
    done = subprocess.run(
        [*limit, sys.executable, "-c", LIFE, tmp_path / "private" / "project"],
        env=environment(PYTHONPATH=str(tmp_path / "private")),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("42 0\n", "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_normal_user_runs_the_server_as_themselves(tmp_path: Path) -> None:
    account = server_account(tmp_path / "nowhere", [tmp_path, Path(sys.executable).resolve().parent])
    (tmp_path / "project").mkdir()
    account.chown(tmp_path / "project")

    done = account.run([sys.executable, "-c", LIFE, str(tmp_path / "project")], capture_output=True)

    assert (done.stdout, done.stderr) == (f"42 {account.uid}\n", "")
