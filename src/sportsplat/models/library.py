"""Load LightGBM, which takes over a second, at the first fit that grows trees."""

from __future__ import annotations

from types import ModuleType

from sportsplat.errors import EnvironmentUnavailable


def load_lightgbm() -> ModuleType:
    """Return the module.

    Raises EnvironmentUnavailable (OPENMP_MISSING) where the system lacks OpenMP's library.
    """
    try:
        import lightgbm
    except OSError as problem:
        raise EnvironmentUnavailable(
            "LightGBM cannot be loaded.",
            code="OPENMP_MISSING",
            cause=f"The system says: {problem}. LightGBM's wheel leaves OpenMP's library to the system.",
            fix="apt-get install libgomp1 (Fedora: dnf install libgomp; macOS: brew install libomp)",
        ) from problem
    module: ModuleType = lightgbm
    return module
