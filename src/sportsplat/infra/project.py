"""The name under which a project's containers, network and volumes stand in an engine."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from sportsplat.infra import memory

if TYPE_CHECKING:
    from sportsplat.settings import Settings

_LONGEST_SLUG = 32


def project_name(settings: Settings) -> str:
    """Return the name that the settings give, else the one remembered, else one made from the folder.

    Remembered, it stays when the folder is moved; made from the whole path, two folders of one name differ.
    """
    if settings.infra.project is not None:
        return settings.infra.project
    remembered = memory.recall(settings.state_dir).get("project")
    return remembered if isinstance(remembered, str) else name_of(settings.project_dir)


def name_of(folder: Path) -> str:
    """Return a name made from a folder: its own in lower case, and six digits of a hash of its path."""
    slug = re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-")[:_LONGEST_SLUG].strip("-")
    digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:6]
    return f"{slug or 'sportsplat'}-{digest}"
