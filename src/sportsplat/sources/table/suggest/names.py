"""The meaning of a column's name, in the many ways in which people write one.

A name is split into words (`home_odds`, `oddsHome`, `HeimTore`, `hometeam`), and each word must be known:
with one that is not (`home_odds_change`) the name has no reliable meaning.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from sportsplat.sources.football_data.prices import BOOKMAKERS, OUTCOMES

_WORDS = {
    "home": "home h hm heim heimteam local casa domicile host thuis gastgeber",
    "away": "away a aw visitor visitors visiting v visitante visita road guest gast gaste gaeste auswarts"
    " auswaerts fuera trasferta ospite exterieur uit",
    "draw": "draw d x tie unentschieden empate nul pareggio gelijkspel remis",
    "over": "over uber ueber",
    "under": "under unter",
    "team": "team teams mannschaft verein club equipo equipe squadra competitor participant",
    "name": "name names nickname",
    "code": "abbr abbreviation short code tricode",
    "score": "score scores goal goals tore tor goles gol gols buts but reti doelpunten runs run",
    "points": "point points pts punkte puntos punti",
    "final": "final full ft fulltime",
    "price": "odds odd price prices cuota cuotas quote quotes quoten quota cote cotes ml moneyline",
    "kind": "decimal dec eu european american us",
    "closing": "closing close",
    "opening": "opening open opener",
    "spread": "spread spreads handicap hcap ah",
    "line": "line",
    "total": "total totals ou overunder",
    "date": "date day fecha datum data giorno tag jour dia gameday",
    "time": "time hour hora uhrzeit heure ora uhr",
    "kickoff": "kickoff commence commencement start starts tipoff anstoss datetime begin",
    "stamp": "timestamp ts",
    "quoted": "quoted taken update updated snapshot scraped collected fetched retrieved captured last",
    "utc": "utc gmt",
    "eastern": "eastern est edt et",
    "season": "season saison temporada stagione seizoen",
    "bookmaker": "bookmaker bookmakers book sportsbook bookie operator buchmacher",
    "market": "market",
    "bet": "bet wager",
    "type": "type",
    "outcome": "outcome selection pick side runner",
    "neutral": "neutral",
    "ground": "site venue ground field",
    "stage": "stage phase",
    "playoff": "playoff playoffs postseason",
    "number": "number num no",
    "double": "doubleheader dh",
    "match": "match game event spiel partido partita fixture",
    "win": "win",
    "record": "wins winner losses record",
    "is": "is at the of for",
    "opponent": "opponent opp gegner rival adversario oponente matchup",
    "id": "id ids key",
    "probability": "prob probs probability probabilities proba chance implied",
    "share": "pct percent percentage",
    "rating": "elo rating ratings rank ranking seed spi",
    "expected": "xg xga xpts expected exp projected",
    "part": "ht half halftime hz halbzeit quarter period inning q ot overtime pen pens penalty"
    " penalties aet agg",
    "crowd": "attendance attend crowd zuschauer",
    "result": "result results ftr htr res ergebnis resultado resultat risultato",
    "year": "year",
    "league": "league liga ligue division div competition tournament wettbewerb torneo",
}
_SINGLE_WORDS = {
    **dict.fromkeys(("fthg", "hg", "hgoals", "hscore"), ("home", "score")),
    **dict.fromkeys(("ftag", "ag", "agoals", "ascore", "vscore", "vgoals"), ("away", "score")),
    "hpts": ("home", "points"),
    **dict.fromkeys(("apts", "vpts"), ("away", "points")),
    "hteam": ("home", "team"),
    **dict.fromkeys(("ateam", "vteam"), ("away", "team")),
    "hml": ("home", "price"),
    **dict.fromkeys(("aml", "vml"), ("away", "price")),
    **dict.fromkeys(("hthg", "htag"), ("part",)),
    "o1": ("price", "1"),
    "ox": ("price", "draw"),
    "o2": ("price", "2"),
}
_MEANINGS: dict[str, tuple[str, ...]] = {
    word: (meaning,) for meaning, words in _WORDS.items() for word in words.split()
} | _SINGLE_WORDS
_JOINED = {
    "money line": "moneyline", "kick off": "kickoff", "tip off": "tipoff", "time stamp": "timestamp",
    "full time": "fulltime", "half time": "halftime", "over under": "overunder", "date time": "datetime",
    "x g": "xg", "x ga": "xga", "double header": "doubleheader", "play off": "playoff",
    "play offs": "playoffs", "post season": "postseason", "match up": "matchup", "sports book": "sportsbook",
    "book maker": "bookmaker", "o u": "overunder",
}  # fmt: skip
_SHORT = frozenset({"ml", "ft"})  # words of two letters that may be part of a longer one
_LONGEST = 80  # characters
SIDES = ("home", "draw", "away", "over", "under")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+(?:[._]\d+)?|[<>]")
_BOOK = "|".join(sorted(BOOKMAKERS, key=len, reverse=True))
_FOOTBALL_HANDICAP = re.compile(r"AH(C?)h")
_FOOTBALL_PRICE = re.compile(rf"({_BOOK})(C?)({'|'.join(map(re.escape, OUTCOMES))})")
_KNOWN_BOOKS = {
    **{name.replace("-", ""): name for name in BOOKMAKERS.values()},
    "b365": "bet365", "avg": "average", "mean": "average", "max": "maximum", "best": "maximum",
    "dk": "draftkings", "draftkings": "draftkings", "fd": "fanduel", "fanduel": "fanduel",
    "consensus": "consensus", "caesars": "caesars", "bovada": "bovada", "unibet": "unibet",
    "marathonbet": "marathonbet", "betway": "betway", "mybookie": "mybookie", "betrivers": "betrivers",
}  # fmt: skip


class Name(NamedTuple):
    """The meaning of a name. `words`: its known words, besides the side; `strange`: words that are not known.

    `by_number`: the side is given only by 1 or 2. `style`: the words with the side left open, the same for
    columns that belong together.
    """

    words: frozenset[str]
    side: str = ""
    by_number: bool = False
    style: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    bookmaker: str = ""
    closing: bool | None = None
    line: float | None = None
    spread: bool = False


@lru_cache(maxsize=4096)
def read_name(name: str) -> Name:
    """Return the meaning of a column's name; a very long one has none."""
    if len(name) > _LONGEST:
        return Name(frozenset(), style=(name,), strange=(name,))
    known = _FOOTBALL_PRICE.fullmatch(name)
    if known:
        return _football_price(*known.groups())
    handicap = _FOOTBALL_HANDICAP.fullmatch(name)
    if handicap:
        return Name(frozenset({"spread"}), "home", style=("AH",), closing=bool(handicap[1]))
    return _put_together(_split(name))


def _football_price(book: str, closing: str, outcome: str) -> Name:
    market, side = OUTCOMES[outcome]
    return Name(
        frozenset({"price"}),
        side.value,
        style=(book, closing, market.value),
        bookmaker=BOOKMAKERS[book],
        closing=bool(closing),
        line=2.5 if market.value == "total" else None,
        spread=market.value == "spread",
    )


def _split(name: str) -> list[str]:
    """Return the words of a name in lower case, compounds taken apart."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    whole = re.sub(r"[^a-z0-9]", "", letters.lower())
    if whole in _MEANINGS or whole in _KNOWN_BOOKS:
        return [whole]
    parts: list[str] = []
    for part in (found.lower() for found in _PART.findall(letters)):
        joined = _JOINED.get(f"{parts[-1]} {part}") if parts else None
        glued = parts[-1] + part if parts else ""
        if joined or glued in _KNOWN_BOOKS:
            parts[-1] = joined or glued
        else:
            parts.append(part)
    return [word for part in parts for word in _parted(part)]


def _parted(word: str) -> list[str]:
    """Return the fewest known words that a word is made of (`hometeam`), or the word itself."""
    if word in _MEANINGS or word in _KNOWN_BOOKS:
        return [word]
    best: list[list[str] | None] = [[], *([None] * len(word))]
    for end in range(1, len(word) + 1):
        for start in range(end):
            before, last = best[start], word[start:end]
            fits = last in _MEANINGS and (len(last) > 2 or last in _SHORT)
            if before is not None and fits and (best[end] is None or len(before) + 1 < len(best[end] or ())):
                best[end] = [*before, last]
    return best[-1] or [word]


def _put_together(words: list[str]) -> Name:
    meanings: list[str] = []
    strange: list[str] = []
    style: list[str] = []
    bookmaker = ""
    for word in words:
        if word in _KNOWN_BOOKS and not bookmaker:
            bookmaker = _KNOWN_BOOKS[word]
            style.append(word)
        elif word in _MEANINGS:
            meanings += _MEANINGS[word]
            style += _style_of(word)
        elif word in ("1", "2"):
            meanings.append(word)
            style.append("*")
        else:
            strange.append(word)
            style.append(word)
    temporal = {"date", "time", "kickoff"} & set(meanings)
    if temporal and "local" in words:
        meanings.remove("home")
    return _with_side(meanings, strange, style, bookmaker)


def _style_of(word: str) -> list[str]:
    meanings = _MEANINGS[word]
    if len(meanings) == 1:
        return ["*"] if meanings[0] in SIDES else [word]
    return ["*" if meaning in (*SIDES, "1", "2") else meaning for meaning in meanings]


def _with_side(meanings: list[str], strange: list[str], style: list[str], bookmaker: str) -> Name:
    sides = list(dict.fromkeys(meaning for meaning in meanings if meaning in SIDES))
    numbers = [meaning for meaning in meanings if meaning in ("1", "2")]
    words = frozenset(meanings) - {*SIDES, "1", "2"}
    side, by_number = "", False
    if sides == ["over", "under"]:
        words |= {"total"}
    elif len(sides) == 1:
        side = sides[0]
        strange = [*strange, *numbers]
    elif not sides and len(numbers) == 1:
        side, by_number = ("home" if numbers == ["1"] else "away"), True
    elif sides or numbers:
        strange = [*strange, *sides, *numbers]
    line = None
    if side in ("over", "under"):
        lines = [found for word in strange if (found := _line(word)) is not None]
        if len(lines) == 1:
            line = lines[0]
            strange = [word for word in strange if _line(word) is None]
    closing = True if "closing" in words else False if "opening" in words else None
    return Name(words, side, by_number, tuple(style), tuple(strange), bookmaker, closing, line)


def _line(word: str) -> float | None:
    """Return the line in the name of an over or under: `2.5`, `2_5`, `25`."""
    if re.fullmatch(r"\d+[._]\d+", word):
        return float(word.replace("_", "."))
    return int(word) / 10 if re.fullmatch(r"[0-9]5", word) else None
