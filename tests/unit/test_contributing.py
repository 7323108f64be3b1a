"""The source that CONTRIBUTING.md shows is run as it stands there."""

from __future__ import annotations

import re
import runpy
import textwrap
from pathlib import Path

from sportsplat.leagues.league import load_leagues
from sportsplat.sources.base import Payload

GUIDE = Path(__file__).parents[2] / "CONTRIBUTING.md"
FILE = b"""season,date,home,away,home_points,away_points
2023,2024-01-15,Chicago Bulls,Atlanta Hawks,101,99
2023,2024-01-16,Chicago Bulls,Atlanta Hawks,many,99
"""


def test_the_example_source_reads_good_rows_and_rejects_bad_ones(tmp_path: Path) -> None:
    example = re.search(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert example
    module = tmp_path / "example.py"
    module.write_text(textwrap.dedent(example[1]))
    names = runpy.run_path(str(module))
    source, leagues = names["ExampleSource"](), load_leagues()
    (batch,) = source.batches(Payload.of("example.csv", FILE), None, leagues)
    assert [(match.home_score, match.away_score) for match in batch.matches] == [(101, 99)]
    assert batch.matches[0].known_at == leagues["nba"].end_of_day(batch.matches[0].match_date)
    assert [(row.line, row.code) for row in batch.rejected] == [(3, "impossible-score")]
    assert not source.can_fetch
    assert not source.live
