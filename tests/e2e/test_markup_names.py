"""Names that look like Rich markup are printed as they are, whatever they name and wherever they stand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from sportsplat.cli.progress import open_progress
from tests.conftest import Database
from tests.program import Ran, run

pytestmark = pytest.mark.slow

Sportsplat = Callable[..., Ran]
TEAMS = [
    "[/b]",
    "FC [/bold] United",
    "[red]Rovers[/red]",
    ":star: City",
    "a[0]\\[b]",
    "[link=x]Y",
    "[@click=q]Z",
    "Ü [1]",
]
LEAGUE, BOOK, PUBLISHER, STAT = "Demo [/b] :fire:", "acme [uk]", "[/guru]", "[/i] shots"
FOLDER, PROFILE = "data [red]", "[b]"
COMMON = f"""\
league: demo
rows: matches
date: day
home: "home [/b]"
away: away
home_score: hs
away_score: as
stats: {{"{STAT}": [sh, sa]}}
forecasts: [{{publisher: {{value: "{PUBLISHER}"}}, probabilities: [ph, pa]}}]
quotes: [{{bookmaker: {{value: "{BOOK}"}}, odds: {{home: oh, away: oa}}, closing: {{value: false}}}}]
"""
DECLARED = f"""\

demo:
  name: "{LEAGUE}"
  sport: "[/s]"
  outcomes: [home, away]
  timezone: UTC
  duration_minutes: 120
  season_matches: 30
  elo: {{k: 20, home_advantage: 60, carry_over: 0.75, mean: 1500, initial: 1500, margin: none}}
  stats: ["{STAT}"]
  names_from: [table]
  prices:
    entry: [{{bookmaker: "{BOOK}", closing: false}}]
    benchmark: [{{bookmaker: "{BOOK}", closing: false}}]
  rules: {{score: [0, 30], season: [01-01, 12-31], overround: [0.9, 1.9]}}
"""


def rows() -> list[str]:
    """Three years of matches every other day, the last of them in a week from today."""
    today = date.today()
    days = [today + timedelta(days=7 - 2 * back) for back in range(500)]
    lines = []
    for number, day in enumerate(sorted(days)):
        home, away = TEAMS[number % 8], TEAMS[(number * 3 + number // 8 + 1) % 8]
        if home == away:
            continue
        score = f"{number % 4 + 1},{'0' if number % 3 else 5}" if day < today else ","
        lines.append(f"{day},{home},{away},{score},9,4,0.6,0.4,1.8,2.1")
    return lines


@pytest.fixture
def sportsplat(database: Database, project_dir: Path) -> Sportsplat:
    """The program in a project full of such names."""
    declared = project_dir / "config/leagues.yaml"
    declared.parent.mkdir(exist_ok=True)
    shipped = Path(__file__).parents[2] / "config"
    declared.write_text((shipped / "leagues.yaml").read_text() + DECLARED)
    (declared.parent / "teams").symlink_to(shipped / "teams")
    (declared.parent / f"settings.{PROFILE}.yaml").write_text("models: {cv_folds: 3}\n")
    (project_dir / FOLDER).mkdir()
    (project_dir / "m [1].yaml").write_text(COMMON)
    header = "day,home [/b],away,hs,as,sh,sa,ph,pa,oh,oa"
    bad = "2020-02-30,[/b],[red]Rovers[/red],[/x],0,9,4,0.6,0.4,1.8,2.1"
    (project_dir / FOLDER / "odds [2024].csv").write_text("\n".join([header, *rows(), bad, ""]))
    url = database.endpoint.url(reveal=True)

    def call(*words: str, refused: bool = False) -> Ran:
        ran = run(
            project_dir, *words, "--profile", PROFILE, DATABASE_URL=url, SPORTSPLAT_INFRA__BACKEND="external"
        )
        assert ran.exit_code in ((2, 3, 9) if refused else (0,)), ran
        assert "INTERNAL" not in ran.stderr
        return ran

    return call


def plain(text: str) -> str:
    """Return a text without the blanks and line ends at which a table wraps it."""
    return "".join(text.split())


def shown(ran: Ran, *names: str) -> None:
    for name in names:
        assert plain(name) in plain(ran.stdout + ran.stderr), (name, ran)


def test_every_kind_of_name_is_printed_as_it_is(sportsplat: Sportsplat, project_dir: Path) -> None:
    file = f"{FOLDER}/odds [2024].csv"
    shown(
        sportsplat("ingest", "table", file, "--mapping", "m [1].yaml"), file, "[/x]" if False else "bad-date"
    )
    shown(sportsplat("ingest", "table", file, "--mapping", "m [1].yaml"), file)
    shown(sportsplat("quarantine", "list"), file, "bad-date")
    shown(sportsplat("quarantine", "show", "1"), "[/x]", "[red]Rovers[/red]")
    shown(sportsplat("teams", "list", "demo"), *TEAMS)
    shown(sportsplat("leagues"), "demo")
    shown(sportsplat("data", "quality", "demo"), "[uk]", PUBLISHER)
    shown(sportsplat("train", "demo", "--model", "elo"), BOOK)
    shown(sportsplat("train", "demo"), BOOK)
    shown(sportsplat("models", "show", "2"), STAT)
    sportsplat("models", "list", "demo")
    predicted = sportsplat("predict", "demo", "--model-id", "2", "--explain")
    assert any(plain(team) in plain(predicted.stdout) for team in TEAMS)
    tested = sportsplat("backtest", "demo", "--model", "elo", "--report", "out [b].html")
    shown(tested, BOOK, PUBLISHER, "out [b].html")
    shown(sportsplat("features", "demo", "--out", "f [b].csv"), "f [b].csv")
    assert (project_dir / "f [b].csv").exists()
    sportsplat("data", "conflicts", "demo")
    shown(sportsplat("config", "show", "models.cv_folds"), "3")
    shown(sportsplat("config", "explain", "models.cv_folds"), f"settings.{PROFILE}.yaml")


@pytest.mark.parametrize(
    ("words", "refused", "name"),
    [
        (("ingest", "table", f"{FOLDER}/odds [2024].csv", "--suggest"), False, "odds [2024].csv"),
        (("ingest", "table", "no [b].csv", "--mapping", "m [1].yaml"), True, "no [b].csv"),
        (("ingest", "football-data", f"{FOLDER}/odds [2024].csv"), True, "home [/b]"),
        (("train", "[/b]"), True, "[/b]"),
        (("teams", "alias", "demo", "table", "[/c]", "[/d]"), True, "[/d]"),
        (("config", "show", "[/b]"), True, "[/b]"),
        (("predict", "demo", "--date", "[/b]"), True, "[/b]"),
        (("[/b]",), True, "[/b]"),
    ],
)
def test_an_error_prints_them_too(
    sportsplat: Sportsplat, words: tuple[str, ...], refused: bool, name: str
) -> None:
    shown(sportsplat(*words, refused=refused), name)


def test_a_progress_bar_shows_the_name_of_a_file_as_it_is() -> None:
    stream = StringIO()
    console = Console(file=stream, force_terminal=True, width=120, color_system=None)
    with open_progress("table [/b] [red]x[/red] :star:.csv", 3, console=console) as progress:
        progress(1, description="table [/i].csv")
    assert "table [/b] [red]x[/red] :star:.csv" in stream.getvalue() or "table [/i].csv" in stream.getvalue()
