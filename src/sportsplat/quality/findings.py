"""What a user should know of the stored data, each with the command that comes next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sportsplat.quality import fact_findings, season_findings
from sportsplat.quality.coverage_findings import coverage
from sportsplat.quality.picture import SEVERITIES, Finding, Picture

LOOKS: Sequence[Callable[[Picture], Iterator[Finding]]] = (
    season_findings.nothing,
    season_findings.missing_seasons,
    season_findings.season_sizes,
    season_findings.few_matches,
    season_findings.long_pauses,
    season_findings.unplayed,
    fact_findings.quarantine,
    fact_findings.conflicts,
    fact_findings.overrounds,
    season_findings.freshness,
    coverage,
)


def findings(picture: Picture) -> list[Finding]:
    """Return everything found, errors first."""
    found = [finding for look in LOOKS for finding in look(picture)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))
