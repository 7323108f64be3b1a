"""Arguments that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

LeagueCode = Annotated[str, typer.Argument(metavar="LEAGUE", help="League code: nba, nfl, epl …")]
