"""Sportsplat: from an empty machine to an honest, market-scored forecasting model for sports matches.

The public names for Python are here: `open`, `Project`, the errors, `__version__`. Each package below says
in its own docstring what lives there and what it may import; docs/architecture.md shows them together.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sportsplat import errors
    from sportsplat.project import Project
    from sportsplat.project import open_project as open

__all__ = ["Project", "__version__", "errors", "open"]
__version__ = "0.1.0"
_EXPORTS = {"open": ("project", "open_project"), "Project": ("project", "Project"), "errors": ("errors", "")}


def __getattr__(name: str) -> Any:
    """Import what is asked for, so that `import sportsplat` loads nothing."""
    if name not in _EXPORTS:
        raise AttributeError(f"module 'sportsplat' has no attribute {name!r}")
    module, attribute = _EXPORTS[name]
    found = import_module(f"sportsplat.{module}")
    return getattr(found, attribute) if attribute else found
