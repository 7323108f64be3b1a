"""`sportsplat backtest` as a user runs it, and its report in a real browser without a network."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sportsplat.config.load import load_settings
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.leagues.league import load_leagues
from sportsplat.sources.simulate import payloads
from tests.conftest import _scratch
from tests.program import Ran, run

CHROMIUM = shutil.which("chromium")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--enable-logging=stderr",
    "--virtual-time-budget=10000",
)


@dataclass(frozen=True)
class Project:
    """A folder whose settings lead to a database with four simulated seasons."""

    folder: Path
    url: str

    def backtest(self, *words: str) -> Ran:
        return run(self.folder, "backtest", *words, DATABASE_URL=self.url)


@pytest.fixture(scope="module")
def project(postgres: Endpoint, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("report")
    files = []
    for payload in payloads(seed=5, seasons=range(2010, 2014), now=datetime(2020, 1, 1, tzinfo=UTC)):
        files.append(folder / Path(payload.name).name)
        files[-1].write_bytes(payload.data)
    with _scratch(postgres, template=migrated) as database:
        url = database.endpoint.url(reveal=True)
        settings = load_settings(project_dir=folder, overrides={"infra.database_url": url}, environ={})
        ingest(Context(settings, load_leagues(folder), lambda: database.endpoint), "simulate", files)
        yield Project(folder, url)


@pytest.fixture(scope="module")
def written(project: Project) -> tuple[Ran, Path]:
    done = project.backtest(
        "sim", "--model", "elo", "--from", "2011-01-01", "--report", "reports/sim.html", "--json"
    )
    return done, project.folder / "reports" / "sim.html"


def look(folder: Path, width: int, *names: str, flags: Sequence[str] = ()) -> list[str]:
    """Open `probed.html` of the folder in a browser and return what its probe left in the body's data.

    Chromium's window is at least 500 wide, so the page is looked at in a frame.
    """
    (folder / "frame.html").write_text(
        f'<iframe id="f" src="probed.html" style="width:{width}px;height:900px;border:0"></iframe><script>'
        'addEventListener("load", () => { const data = '
        "document.getElementById('f').contentDocument.body.dataset;"
        f"document.title = {list(names)!r}.map(name => data[name]).join(';'); }});</script>",
        encoding="utf-8",
    )
    browser = subprocess.run(
        [
            str(CHROMIUM),
            *QUIET,
            "--allow-file-access-from-files",
            *flags,
            f"--user-data-dir={folder / 'profile'}",
            "--dump-dom",
            (folder / "frame.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "CONSOLE" not in browser.stderr, browser.stderr
    found = re.search(r"<title>(.*)</title>", browser.stdout)
    assert found is not None, browser.stdout[:500]
    return found[1].split(";")


def test_the_command_answers_with_one_object_and_writes_the_report(written: tuple[Ran, Path]) -> None:
    done, page = written
    assert done.data["matches"] == 1440
    assert done.envelope["command"] == "backtest"
    assert done.data["report"] == "reports/sim.html"
    assert page.stat().st_size <= 5_000_000


def test_the_page_loads_nothing_from_anywhere(written: tuple[Ran, Path]) -> None:
    text = written[1].read_text(encoding="utf-8")
    script = text.index("<script>")
    own = text[:script] + text[text.rindex("<script>") :]
    assert not re.findall(r"""(?:src|href)\s*=|@import|url\(|https?://""", own)
    assert text.count("<script>") == 2


def test_people_see_the_same_facts_on_the_terminal(project: Project, written: tuple[Ran, Path]) -> None:
    done = project.backtest("sim", "--model", "elo", "--from", "2011-01-01")
    assert done.exit_code == 0, done.stderr
    loss = written[0].data["forecast"]["log_loss"]
    shown = " ".join(done.stdout.split())
    assert f"On 1,440 matches of sim from 2011-01-01 to 2013-12-16, elo has a log loss of {loss:.4f}" in shown
    assert "“truth”" in shown
    assert "add --report reports/backtest.html" in shown
    assert not (project.folder / "reports" / "backtest.html").exists()


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        (("sim", "--model", "xgb"), 2, "UNKNOWN_MODEL"),
        (("sim", "--from", "2012-01-01", "--to", "2011-01-01"), 2, "BAD_RANGE"),
        (("sim", "--from", "2010-01-01"), 9, "TOO_FEW_MATCHES"),
        (("simm",), 2, "UNKNOWN_LEAGUE"),
        (("sim", "--from", "yesterday"), 2, "USAGE"),
        (("sim", "--refit", "day"), 2, "USAGE"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_mistakes_have_exit_codes(
    project: Project, words: tuple[str, ...], exit_code: int, code: str
) -> None:
    done = project.backtest(*words, "--json")
    assert (done.exit_code, done.error["code"]) == (exit_code, code)
    assert done.error["fix"]


def test_a_screen_reader_is_told_what_tables_and_charts_are(written: tuple[Ran, Path]) -> None:
    text = written[1].read_text(encoding="utf-8")
    own = text[: text.index("<script>")]
    assert own.count("<caption>") == own.count("<table") == own.count('role="region"') == 3
    assert len(re.findall(r'id="chart-\w+" role="img" aria-label="[^"]{20,}"', own)) == 4
    assert "<th>" not in own


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
@pytest.mark.parametrize(("width", "hints"), [(1280, 0), (390, 3)])
def test_wide_tables_scroll_by_themselves_and_say_so_on_a_phone(
    written: tuple[Ran, Path], tmp_path: Path, width: int, hints: int
) -> None:
    probe = """<script>addEventListener("load", () => {
      document.querySelector("details").open = true;
      const shown = [...document.querySelectorAll(".sideways")].filter(hint => hint.offsetHeight).length;
      const root = document.documentElement;
      document.body.dataset.found = [root.scrollWidth - root.clientWidth, shown].join(";");
    });</script></body>"""
    text = written[1].read_text(encoding="utf-8")
    (tmp_path / "probed.html").write_text(text.replace("</body>", probe), encoding="utf-8")
    assert look(tmp_path, width, "found") == ["0", str(hints)]


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_the_report_draws_every_chart_in_a_browser_without_a_network(
    written: tuple[Ran, Path], tmp_path: Path
) -> None:
    browser = subprocess.run(
        [str(CHROMIUM), *QUIET, f"--user-data-dir={tmp_path}", "--dump-dom", written[1].as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    page = browser.stdout[: browser.stdout.index("<script>")]
    drawn = {part[: part.index('"')]: part for part in page.split('id="chart-')[1:]}
    assert set(drawn) == {"bankroll", "seasons", "calibration", "edges"}
    assert all('class="main-svg"' in part for part in drawn.values())
    assert 'data-drawn="4"' in page
    assert page.count("js-line") >= 4 + 2  # forecasters by season, bankroll and drawdown
    assert "CONSOLE" not in browser.stderr, browser.stderr
