"""What the names of a batch mean, decided without a database."""

from __future__ import annotations

from datetime import date

from sportsplat.db.write.teams import Alias, Team, spellings_of
from sportsplat.jobs.ingest.teams import TeamPlan, plan_teams
from sportsplat.leagues.league import load_leagues
from tests.records import batch, match

EPL = load_leagues()["epl"]
NAMES_THE_TEAMS, DOES_NOT = "football-data", "fivethirtyeight-soccer-spi"
ARSENAL = Team(1, "Arsenal", NAMES_THE_TEAMS)


def plan(*pairs: tuple[str, str], source: str = NAMES_THE_TEAMS, aliases: tuple[Alias, ...] = ()) -> TeamPlan:
    made = batch([match(*pair) for pair in pairs], "epl")._replace(source=source)
    return plan_teams(made, EPL, [ARSENAL], spellings_of(aliases))


def test_new_names_of_a_source_that_may_name_teams_are_to_be_stored() -> None:
    made = plan(("Arsenal", "Fulham"), ("Villa Nova", "Fulham"))
    assert (made.declared, made.named) == (["Fulham"], ["Villa Nova"])
    assert len(made.batch.matches) == 2


def test_matches_of_a_name_that_another_source_brings_are_rejected() -> None:
    made = plan(("Arsenal", "Fulham"), ("Villa Nova", "Fulham"), source=DOES_NOT)
    assert (made.declared, made.named) == (["Fulham"], [])
    assert [one.home for one in made.batch.matches] == ["Arsenal"]
    assert "'Villa Nova'" in made.batch.rejected[0].reason


def test_an_alias_counts_on_its_days_and_the_key_of_the_file_is_kept() -> None:
    until_1999 = Alias("any", "Gunners", "Arsenal", date(1, 1, 1), date(1999, 1, 1))
    assert plan(("Gunners", "Fulham"), source=DOES_NOT, aliases=(until_1999,)).batch.matches == []
    made = plan(("Gunners", "Fulham"), source=DOES_NOT, aliases=(until_1999._replace(until=date.max),))
    assert [(before.home, now.home) for before, now in made.renamed.items()] == [("Gunners", "Arsenal")]
