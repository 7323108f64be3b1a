"""`sportsplat data` as a user runs it, and its page in a real browser without a network."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sportsplat.config.load import load_settings
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.leagues.league import load_leagues
from tests.conftest import _scratch
from tests.e2e.test_report import look
from tests.program import Ran, run
from tests.season_files import IMPOSSIBLE, ROWS, season_file

CHROMIUM = shutil.which("chromium")
LIGHT, DARK = "1", "0"  # Blink's names of the preferred colour scheme
PROBE = """
<script>
addEventListener("load", () => {
  const cell = step => getComputedStyle(document.querySelector(".heat tbody .s" + step)).backgroundColor;
  const behind = getComputedStyle(document.body).backgroundColor;
  document.body.dataset.colours = [cell(10), cell(0), behind].join("|");
  const root = document.documentElement;
  document.body.dataset.spill = root.scrollWidth - root.clientWidth;
  const shown = [...document.querySelectorAll(".sideways")].filter(hint => hint.offsetHeight);
  document.body.dataset.hints = shown.length;
  document.body.dataset.loaded = performance.getEntriesByType("resource").length;
});
</script>
"""


@dataclass(frozen=True)
class Project:
    """A folder whose settings lead to a database with three matches of each of two seasons."""

    folder: Path
    url: str

    def data(self, *words: str) -> Ran:
        return run(self.folder, "data", *words, DATABASE_URL=self.url)


@pytest.fixture(scope="module")
def project(postgres: Endpoint, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("quality")
    files = [season_file(folder / "2021", [*ROWS, IMPOSSIBLE])]
    earlier = [re.sub(r"/(\d\d)/20,", r"/\1/18,", row).split(",2.1,")[0] + "," * 6 for row in ROWS]
    files.append(season_file(folder / "1819", earlier))
    with _scratch(postgres, template=migrated) as database:
        url = database.endpoint.url(reveal=True)
        settings = load_settings(project_dir=folder, overrides={"infra.database_url": url}, environ={})
        ingest(Context(settings, load_leagues(folder), lambda: database.endpoint), "football-data", files)
        yield Project(folder, url)


@pytest.fixture(scope="module")
def page(project: Project) -> Path:
    done = project.data("quality", "epl", "--html", "reports/quality.html", "--json")
    assert done.data["html"] == "reports/quality.html"
    return project.folder / "reports" / "quality.html"


def test_people_see_seasons_findings_and_commands(project: Project) -> None:
    done = project.data("quality", "epl")
    assert done.exit_code == 0, done.stderr
    shown = " ".join(done.stdout.split())
    assert "6 played matches in 2 seasons from 2018/19 to 2020/21." in shown
    assert "error 2019/20 no match of this season is stored" in shown
    assert "next: sportsplat ingest football-data --league epl --season 2019" in shown
    assert re.search(r"2020/21 +3/~57 .* 100 ", done.stdout)
    assert "add --html reports/quality.html" in shown


def test_a_narrow_terminal_gets_letters_for_the_names_of_columns(project: Project) -> None:
    done = run(project.folder, "data", "quality", "epl", DATABASE_URL=project.url, COLUMNS="50")
    assert re.search(r"^season +matches +A +B", done.stdout, re.MULTILINE)
    assert "A any box score, B " in done.stdout
    assert "…" not in done.stdout.split("per cent")[0]


def test_strict_says_no_with_the_whole_report(project: Project) -> None:
    done = project.data("quality", "epl", "--strict", "--json")
    assert (done.exit_code, done.error["code"]) == (10, "DATA_LACKING")
    assert done.error["fix"].startswith("sportsplat ingest football-data")
    assert done.error["details"]["report"]["counts"]["error"] >= 1
    for_people = project.data("quality", "epl", "--strict")
    assert for_people.exit_code == 10
    assert "2020/21" in for_people.stdout
    assert "error[DATA_LACKING]" in for_people.stderr


def test_without_contradictions_the_command_says_so(project: Project) -> None:
    assert project.data("conflicts", "epl").stdout == "no source contradicts the values in use\n"
    assert project.data("conflicts", "epl", "--json").data["conflicts"] == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("quality", "eppl"), "UNKNOWN_LEAGUE"),
        (("quality", "epl", "--season", "1850"), "UNKNOWN_SEASON"),
        (("conflicts", "epl", "--field", "goals"), "BAD_FIELD"),
    ],
)
def test_mistakes_are_named_with_the_next_command(
    project: Project, words: tuple[str, ...], code: str
) -> None:
    done = project.data(*words, "--json")
    assert (done.exit_code, done.error["code"]) == (2, code)
    assert done.error["fix"].startswith("sportsplat ")


def test_the_page_needs_nothing_else(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r"""src\s*=|@import|url\(|https?://|<script""", text)
    assert re.findall(r'href="(?!#)[^"]*"', text) == ['href="data:,"']
    assert text.count('scope="row"') == 2
    assert text.count("<caption>") == text.count("<table")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_shows_coloured_cells_and_scrolls_tables_alone(
    page: Path, tmp_path: Path, scheme: str, width: int
) -> None:
    """The probe stands in a copy: the page itself has no script."""
    text = page.read_text(encoding="utf-8").replace("</body>", PROBE + "</body>")
    (tmp_path / "probed.html").write_text(text, encoding="utf-8")
    colours, spill, loaded, hints = look(
        tmp_path,
        width,
        *("colours", "spill", "loaded", "hints"),
        flags=[f"--blink-settings=preferredColorScheme={scheme}"],
    )
    whole, none, behind = colours.split("|")
    assert whole == {LIGHT: "rgb(11, 63, 120)", DARK: "rgb(191, 220, 247)"}[scheme]
    assert none == "rgba(0, 0, 0, 0)"
    assert behind == {LIGHT: "rgb(246, 247, 249)", DARK: "rgb(16, 21, 28)"}[scheme]
    assert (spill, loaded) == ("0", "0")
    assert (int(hints) > 0) == (width == 390)
