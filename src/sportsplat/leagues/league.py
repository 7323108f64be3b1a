"""What a league is like: the declarations of `config/leagues.yaml`, read once and checked.

No other code asks which sport it works on: two or three outcomes, the home advantage, the length of a match
and the prices to bet at are all asked here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import (
    ValidationError,
)

from sportsplat.config.yaml_lines import Document, read_yaml
from sportsplat.errors import ConfigError, NotFound
from sportsplat.leagues.declaration import DeclaredElo, DeclaredLeague, MarginRule
from sportsplat.leagues.rules import DeclaredRules, LeagueRules
from sportsplat.leagues.season_days import DeclaredException
from sportsplat.leagues.team_names import ANY, Spelling, Spellings, Teams, fold, meaning, read_teams, tidy
from sportsplat.paths import asset_dir, find_project_dir

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

OWN_SEASONS = frozenset({"simulate"})
"""Sources that alone serve their league and say in every row which season it is of."""
REMEMBERED = 1 << 16
"""Names of a league whose team is remembered."""


@dataclass(frozen=True)
class EloParams:
    """Constants of a league's Elo rating, in rating points except the shares."""

    k: float
    home_advantage: float
    carry_over: float  # share of the distance to `mean` that survives the summer
    mean: float
    initial: float
    margin: MarginRule


class LeagueProblem(NamedTuple):
    """One thing that is wrong with a league: its dotted key, file and line, and what is wrong."""

    key: str
    where: str
    text: str


@dataclass(frozen=True)
class PriceRef:
    """One kind of quote: whose, and whether it is the closing one."""

    bookmaker: str
    closing: bool

    def __str__(self) -> str:
        return f"{self.bookmaker} {'closing' if self.closing else 'pre-match'}"


@dataclass(frozen=True)
class LeaguePrices:
    """Where bets are placed and what they are measured against, best first."""

    entry: tuple[PriceRef, ...] = ()
    benchmark: tuple[PriceRef, ...] = ()


@dataclass(frozen=True)
class League:
    """One league as declared.

    stats: box-score names that features are built from; `stored_stats`: those that are kept besides. `teams`:
    all that there can be, none where sources name them (`names_from`, and the first source that comes).
    `clubs`: teams that are known beforehand where others can come.
    `precedence`: sources, most trusted first, used where they contradict each other. `dates`: by source, day,
    home and away, the day on which all others have a match that this source dates otherwise.
    `other_games`: by day and both teams, games that count for no table, and what each is.
    `uneven_seasons`: those whose teams rightly played different numbers of matches, so that none is expected.
    `meetings`: how often each pair of teams meets in a regular season, half of them at each one's ground;
    None where pairs meet differently often.
    """

    code: str
    name: str
    sport: str
    outcomes: tuple[str, ...]
    timezone: ZoneInfo
    duration: timedelta
    season_matches: int
    elo: EloParams
    stats: tuple[str, ...] = ()
    prices: LeaguePrices = LeaguePrices()
    sources: Mapping[str, str] = field(default_factory=dict, hash=False)
    stored_stats: tuple[str, ...] = ()
    rules: LeagueRules = field(default_factory=LeagueRules)
    teams: tuple[str, ...] = ()
    spellings: Spellings = field(default_factory=dict, hash=False)
    names_from: tuple[str, ...] = ()
    precedence: tuple[str, ...] = ()
    clubs: tuple[str, ...] = ()
    dates: Mapping[tuple[str, date, str, str], date] = field(default_factory=dict, hash=False)
    uneven_seasons: frozenset[int] = frozenset()
    meetings: int | None = None
    other_games: Mapping[tuple[date, frozenset[str]], str] = field(default_factory=dict, hash=False)

    @property
    def declared_teams(self) -> frozenset[str]:
        """The teams that a file of config/teams names, be it a closed list or not, and those of aliases."""
        spelt = {one.team for spellings in self.spellings.values() for one in spellings}
        return frozenset(self.teams) | frozenset(self.clubs) | spelt

    def local_midnight(self, day: date) -> datetime:
        """Return the moment, in UTC, at which `day` begins at the league's own place."""
        return datetime.combine(day, time(), tzinfo=self.timezone).astimezone(UTC)

    def end_of_day(self, day: date) -> datetime:
        """Return the moment, in UTC, at which `day` ends there, 23 to 25 hours after it began."""
        return self.local_midnight(day + timedelta(days=1))

    def season_of(self, day: date) -> int | None:
        """Return the season (year in which it starts) that `day` belongs to, None between two seasons.

        The year of the day where no days of seasons are declared.
        """
        return self.rules.season.season_of(day) if self.rules.season else day.year

    def last_season_begun(self, day: date) -> int:
        """Return the last season that had begun by `day`; its year where no days of seasons are declared."""
        return self.rules.season.last_begun(day) if self.rules.season else day.year

    def canonical_team(self, name: str, source: str = ANY, day: date | None = None) -> str:
        """Return the name kept for the team that `source` means on `day`; an unknown one as it is, tidied."""
        always = self._always_meant.get((source, name))
        if always is not None:
            return always
        team = meaning(self.spellings, name, source, day) or self._own_names.get(fold(name)) or tidy(name)
        spellings = (one for by in (source, ANY) for one in self.spellings.get((by, fold(name)), ()))
        if len(self._always_meant) < REMEMBERED and all(one.always for one in spellings):
            self._always_meant[source, name] = team
        return team

    @cached_property
    def _always_meant(self) -> dict[tuple[str, str], str]:
        """What names that were asked for mean, by source, where that is the same on every day."""
        return {}

    @cached_property
    def _own_names(self) -> dict[str, str]:
        """The declared teams by their own names, without regard to case."""
        return {fold(team): team for team in self.declared_teams}


def _to_league(declared: DeclaredLeague, code: str, folder: Path) -> League:
    file = declared.teams or declared.spellings
    teams = read_teams(file, folder) if file else Teams((), {})
    aliases = {
        (ANY, fold(name)): (Spelling(team, name=tidy(name)),) for name, team in declared.aliases.items()
    }
    return League(
        code=code,
        name=declared.name,
        sport=declared.sport,
        outcomes=tuple(declared.outcomes),
        timezone=ZoneInfo(declared.timezone),
        duration=timedelta(minutes=declared.duration_minutes),
        season_matches=declared.season_matches,
        elo=EloParams(**declared.elo.model_dump()),
        stats=tuple(declared.stats),
        prices=LeaguePrices(
            entry=tuple(PriceRef(**price.model_dump()) for price in declared.prices.entry),
            benchmark=tuple(PriceRef(**price.model_dump()) for price in declared.prices.benchmark),
        ),
        sources=dict(declared.sources),
        stored_stats=tuple(declared.stored_stats),
        rules=declared.rules.to_rules(tuple(one.to_exceptional() for one in declared.season_exceptions)),
        teams=teams.names if declared.teams else (),
        spellings={**teams.spellings, **aliases},
        names_from=tuple(declared.names_from),
        precedence=tuple(declared.precedence),
        clubs=() if declared.teams else teams.names,
        dates={(one.source, one.reported, one.home, one.away): one.played for one in declared.dates},
        other_games={(one.day, frozenset(one.teams)): one.what for one in declared.other_games},
        uneven_seasons=frozenset(int(season) for season in declared.uneven_seasons),
        meetings=declared.meetings,
    )


def load_leagues(project_dir: Path | None = None) -> dict[str, League]:
    """Read the leagues of a project by code; the shipped ones where the project has no `leagues.yaml`.

    Raises ConfigError naming file and line for anything that is not as declared above.
    """
    path = leagues_file(project_dir)
    return dict(_read_leagues(path, path.stat().st_mtime_ns))


def leagues_file(project_dir: Path | None = None) -> Path:
    """Return the file that declares a project's leagues: its own, or the shipped one where it has none."""
    own = find_project_dir(project_dir) / "config" / "leagues.yaml"
    return own if own.is_file() else asset_dir("config") / "leagues.yaml"


def check_leagues(path: Path) -> None:
    """Read a file that is to become `leagues.yaml`; raises what `load_leagues` does."""
    _read_leagues(path, path.stat().st_mtime_ns)


def get_league(code: str, project_dir: Path | None = None) -> League:
    """Return one league. Raises NotFound, with the closest code, for an unknown one."""
    leagues = load_leagues(project_dir)
    if code in leagues:
        return leagues[code]
    likely = get_close_matches(code.lower(), leagues, n=1, cutoff=0.5)
    raise NotFound(
        f"no league {code!r}" + (f"; did you mean {likely[0]!r}?" if likely else ""),
        cause=None if likely else f"config/leagues.yaml declares {', '.join(leagues)}",
        fix="sportsplat leagues",
        code="UNKNOWN_LEAGUE",
    )


def league_problems(path: Path) -> list[LeagueProblem]:
    """Return all that is wrong with a file of leagues, and what every league should say and one does not.

    A league without days of seasons can be loaded, but a row of it that does not name its season is refused.
    Raises ConfigError where the file is no YAML, or declares no league.
    """
    document = read_yaml(path)
    leagues, problems = _parsed(document)
    for code, league in leagues.items():
        if league.rules.season is None and not set(league.names_from) & OWN_SEASONS:
            text = "is missing: rows that do not name their season are refused (season: [07-01, next 06-30])"
            problems.append(LeagueProblem(f"{code}.rules.season", document.where(code), text))
    return problems


def refuse_leagues(problems: Sequence[LeagueProblem]) -> ConfigError:
    """Make one error (INVALID_LEAGUE) of all that is wrong."""
    first, places = problems[0], list(dict.fromkeys(problem.where for problem in problems))
    message = f"{first.key}: {first.text}"
    if len(problems) > 1:
        listed = [f"\n  {problem.where}: {problem.key}: {problem.text}" for problem in problems]
        message = f"{len(problems)} errors in the leagues:{''.join(listed)}"
    return ConfigError(
        message,
        cause=f"from {', '.join(places)}",
        fix=f"correct {places[0]}",
        code="INVALID_LEAGUE",
        problems=[problem._asdict() for problem in problems],
    )


@lru_cache(maxsize=8)
def _read_leagues(path: Path, _modified_ns: int) -> Mapping[str, League]:
    leagues, problems = _parsed(read_yaml(path))
    if problems:
        raise refuse_leagues(problems)
    return leagues


def _parsed(document: Document) -> tuple[dict[str, League], list[LeagueProblem]]:
    """Return the leagues that are as they must be, and what is wrong with the others."""
    if not document.data:
        raise ConfigError(
            "no league is declared",
            cause=str(document.path),
            fix="sportsplat config init",
            code="NO_LEAGUES",
        )
    leagues: dict[str, League] = {}
    problems: dict[tuple[str, ...], LeagueProblem] = {}
    for code, entry in document.data.items():
        try:
            leagues[code] = _to_league(DeclaredLeague.model_validate(entry), code, document.path.parent)
        except ValidationError as invalid:
            for loc, text in _mistakes(invalid):
                where = document.where(code, *loc)
                same = (where, text, *map(str, loc))  # an entry that others take over is wrong once
                key = ".".join(str(part) for part in (code, *loc))
                problems.setdefault(same, LeagueProblem(key, where, text))
    return leagues, list(problems.values())


def _mistakes(invalid: ValidationError) -> list[tuple[tuple[int | str, ...], str]]:
    """Return place and reason of each mistake; of a misspelt key the misspelling, not that it is missing."""
    errors = sorted(invalid.errors(), key=lambda error: error["type"] != "extra_forbidden")
    meant = {
        (*error["loc"][:-1], likely)
        for error in errors
        if error["type"] == "extra_forbidden" and (likely := _likely_key(error))
    }
    return [
        (error["loc"], _reason(error))
        for error in errors
        if error["type"] != "missing" or error["loc"] not in meant
    ]


_KEYS = [
    *DeclaredLeague.model_fields,
    *DeclaredElo.model_fields,
    *DeclaredRules.model_fields,
    *DeclaredException.model_fields,
]


def _likely_key(error: ErrorDetails) -> str:
    return next(iter(get_close_matches(str(error["loc"][-1]), _KEYS, n=1)), "")


def _reason(error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        likely = _likely_key(error)
        return "no league has this key" + (f"; did you mean {likely}?" if likely else "")
    if error["type"] == "missing":
        return "is missing"
    reason = error["msg"].removeprefix("Value error, ")
    return f"{reason[0].lower()}{reason[1:]}, got {error['input']!r}"
