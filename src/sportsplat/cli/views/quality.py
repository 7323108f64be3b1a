"""The state of a league's data on a terminal: a heat map of seasons, findings, contradictions."""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from sportsplat.cli.views.tables import PlainTable
from sportsplat.quality import page as heat
from sportsplat.quality.report import headline, ingest_age, number

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.jobs.quality import ConflictReport
    from sportsplat.quality.coverage import ShareCell
    from sportsplat.quality.report import QualityReport

# By step: one hue from light to dark, so that the eye needs no colours to read it, under text that stands out
# on each. A terminal of sixteen colours has fewer shades.
HEAT = (
    "",
    *["#0b1b2b on #d0e3f5"] * 3,
    *["#0b1b2b on #80b5de"] * 3,
    *["#ffffff on #2f74b5"] * 3,
    "#ffffff on #0b3f78",
)
HEAT_OF_FEW_COLORS = ("", *["cyan"] * 6, *["black on cyan"] * 3, "bright_white on blue")
SEVERITY = {"error": "bold red", "warning": "yellow", "info": "dim"}
FINDINGS_SHOWN = 40
LETTERS = ascii_uppercase + ascii_lowercase
LETTER_WIDTH = 4  # columns of a cell under a letter


def show_quality(console: Console, data: QualityReport) -> None:
    """Print the heat map, then what was found, errors first, then when each source was last taken in."""
    if data.seasons:
        _show_heat_map(console, data)
    for sentence in headline(data):
        console.print(sentence, markup=False)
    _show_findings(console, data)
    for ingest in data.freshness.ingests:
        console.print(f"{ingest.source}: ingested {ingest_age(ingest)}", markup=False, style="dim")
    if data.html:
        console.print(f"Page: {data.html}", markup=False, soft_wrap=True)
    elif data.seasons:
        console.print("For an HTML page, add --html reports/quality.html", markup=False)


def _show_heat_map(console: Console, data: QualityReport) -> None:
    """Print a line for each season; where the columns' names find no room, letters stand for them."""
    shown = heat.columns(data, details=False)
    seasons = heat.lines(data, shown)
    others = any(line.others for line in seasons)
    names = [column.label.replace("-", " ") for column in shown]
    widths = [max(len(word) for word in (*name.split(), " 100 ")) + 1 for name in names]
    fixed = sum(
        2 + max(map(len, texts))
        for texts in (
            [line.season for line in seasons],
            [f" {line.matches.text} " for line in seasons],
            [line.others for line in seasons],
        )
    )
    letters = fixed + sum(widths) > console.width
    at_once = max(1, (console.width - fixed) // LETTER_WIDTH) if letters else len(names) or 1
    for first in range(0, max(1, len(names)), at_once):
        part = slice(first, first + at_once)
        table = Table(box=None, pad_edge=False, padding=(0, 0 if letters else 1, 0, 0), header_style="bold")
        table.add_column("season", no_wrap=True, vertical="bottom")
        table.add_column("matches", justify="right", no_wrap=True)
        for name, letter in zip(names[part], LETTERS[part], strict=False):
            title = letter if letters else name
            widest = max(LETTER_WIDTH if letters else len(" 100 "), *map(len, title.split()))
            table.add_column(title, justify="right", width=widest)
        if others:
            table.add_column(" not played", overflow="fold")
        for line in seasons:
            cells = [_heat(console, cell, end="" if letters else " ") for cell in line.cells[part]]
            table.add_row(
                f"{line.season} ",
                Text(f" {line.matches.text} ", style="bold red")
                if line.too_many
                else _heat(console, line.matches),
                *cells,
                *([f" {line.others}"] if others else []),
            )
        console.print(table)
    legend_of_cells = "per cent of played matches, rounded down; matches: stored of expected"
    console.print(legend_of_cells, markup=False, style="dim")
    if letters:
        legend = ", ".join(f"{letter} {name}" for letter, name in zip(LETTERS, names, strict=False))
        console.print(legend, markup=False, style="dim")


def _heat(console: Console, cell: ShareCell, *, end: str = " ") -> Text:
    shades = HEAT_OF_FEW_COLORS if console.color_system == "standard" else HEAT
    return Text(f" {cell.text}{end}", style=shades[cell.step] if cell.step else "dim")


def _show_findings(console: Console, data: QualityReport) -> None:
    if not data.findings:
        return
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in data.findings[:FINDINGS_SHOWN]:
        what = Text(finding.what)
        if finding.next:
            what.append(f"\nnext: {finding.next}", style="dim")
        table.add_row(Text(finding.severity, style=SEVERITY[finding.severity]), finding.where, what)
    console.print(table)
    more = len(data.findings) - FINDINGS_SHOWN
    if more > 0:
        console.print(f"… and {more:,} more; all of them with --json or --html", markup=False)


def show_conflicts(console: Console, found: ConflictReport) -> None:
    """Print contradictions, newest first, how many there are by source, and how to change the precedence."""
    if not found.matches:
        console.print("no source contradicts the values in use")
        return
    rows = PlainTable().value("day").text("match").value("field").text("in use, and from another source")
    for one in found.conflicts:
        values = f"{one.holds} from {one.holder}\n{one.said} from {one.source}"
        rows.row(one.match_date, f"{one.home} –\n{one.away}", one.field, values)
    console.print(rows)
    console.print()
    totals = PlainTable().text("source", "differs in", "from").number("times")
    for total in found.totals:
        totals.row(total.source, total.field, total.holder, f"{total.matches:,}")
    console.print(totals)
    shown = len(found.conflicts)
    if shown < found.matches:
        more = f"the newest {shown:,} of {number(found.matches, 'contradiction')}; all of them with --json"
        console.print(more, markup=False)
    order = ", ".join(found.precedence) or "none declared: by name"
    console.print(f"Precedence: {order}", markup=False)
    console.print(
        f"To change it: the list `precedence` of {found.league} in config/leagues.yaml (`sportsplat config "
        "init` creates the file). It takes effect with the next ingest of the league.",
        markup=False,
    )
