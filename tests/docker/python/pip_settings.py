"""Print a pip.conf for a container: what this machine's pip is told, as far as a container can use it."""

from __future__ import annotations

import subprocess
import sys

CARRIED = ("index-url", "extra-index-url", "default-timeout", "retries", "trusted-host")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def settings() -> dict[str, str]:
    """Return the machine's settings that mean the same inside a container, by name; the nearer layer wins."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    # Sorted by pip, files before `:env:` is not given: the environment is put last here.
    lines = [line.split("=", 1) for line in listed.stdout.splitlines() if "=" in line]
    lines.sort(key=lambda line: line[0].startswith(":env:"))
    found: dict[str, str] = {}
    for key, quoted in lines:
        name = key.rsplit(".", 1)[-1]
        value = " ".join(word for word in quoted.strip("'\"").split() if not word.startswith("file:"))
        if name in CARRIED and value:
            found[name] = value
    return found


def main() -> None:
    """Print the file."""
    lines = {
        "cert": CERTIFICATES,
        "disable-pip-version-check": "true",
        "root-user-action": "ignore",
    } | settings()
    print("[global]", *(f"{name} = {value}" for name, value in lines.items()), sep="\n")


if __name__ == "__main__":
    main()
