"""Files damaged in the ways in which files are damaged, and in some more; a seed decides everything."""

from __future__ import annotations

import csv
import gzip
import io
import random
from collections.abc import Callable

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

Mutation = Callable[[bytes, random.Random], bytes]
TOKENS = [
    b"\0", b"\0\0\0\0", b'"', b'""', b"'", b"\n", b"\r", b"\r\n", b",", b",,,,", b";", b"\t", b" ", b"\\",
    b"/", b":", b"9" * 30, b"1e400", b"-1", b"-0", b"nan", b"inf", b"-inf", b"1_000", b"0x10", b"1e3",
    b".5", b"00012", b"2.0", b"1.0", b"NA", b"NULL", b"null", b"-", b"TBD", b"pk", b"None", b"True",
    b"#REF!", b"=1+1", b"999", b"9999", b"10000", b"31/02/2021", b"29/02/00", b"01/01/0001",
    b"31/12/9999", b"2021-02-30", b"0001-01-01", b"9999-12-31", b"12/31/9999", b"1/1/1",
    b"2021-08-13T20:00:00+14:00", b"9999-12-31T23:59:59+00:00", b"0001-01-01T00:00:00+00:00", b"24:00",
    b"99:99", b"\xef\xbb\xbf", b"\xff\xfe", b"\xff", b"\x81", b"\xc3", b"\xed\xa0\x80",
    b"\xf0\x9f\x8f\x80", "Ж".encode(), "٣".encode(), "²".encode(), "\u2028".encode(), "\x85".encode(),
    "\u202e".encode(), "\u200b".encode(), "\xa0".encode(), b"\x1c", b"\x0c", b"\x1a", b"\x7f",
    b"<html><title>503</title>", b'{"a": 1}', b"[1]", b"PK\x03\x04", b"%PDF-1.7", b"x" * 1500,
]  # fmt: skip
ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "cp1252", "latin-1")


def as_workbook(data: bytes) -> bytes:
    """Write CSV into the only sheet of a workbook; what looks like a number becomes one."""
    book = Workbook()
    sheet = book.worksheets[0]
    lines = ILLEGAL_CHARACTERS_RE.sub("", data.decode("utf-8", "replace")).splitlines()
    for row in csv.reader(line[:30_000] for line in lines):
        sheet.append([_value(cell) for cell in row[:500]])
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def _value(text: str) -> float | str | None:
    try:
        return float(text)
    except ValueError:
        return text or None


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return `data` after one to four mutations."""
    for _ in range(rng.choice((1, 1, 1, 2, 3, 4))):
        data = rng.choice(MUTATIONS)(data, rng)
    return data


def flip_bits(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 12)):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _chunk(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randint(0, len(data))
    return start, min(len(data), start + rng.choice((1, 3, 10, 80, 400)))


def delete_chunk(data: bytes, rng: random.Random) -> bytes:
    start, end = _chunk(data, rng)
    return data[:start] + data[end:]


def double_chunk(data: bytes, rng: random.Random) -> bytes:
    start, end = _chunk(data, rng)
    return data[:end] + data[start:end] * rng.randint(1, 3) + data[end:]


def swap_chunks(data: bytes, rng: random.Random) -> bytes:
    (a, b), (c, d) = sorted((_chunk(data, rng), _chunk(data, rng)))
    return data if b > c else data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randint(0, len(data))]


def insert_token(data: bytes, rng: random.Random) -> bytes:
    place = rng.randint(0, len(data))
    return data[:place] + rng.choice(TOKENS) + data[place:]


def replace_cell(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    number = rng.randrange(len(lines))
    cells = lines[number].split(b",")
    for _ in range(rng.randint(1, 3)):
        cells[rng.randrange(len(cells))] = rng.choice(TOKENS)
    lines[number] = b",".join(cells)
    return b"\n".join(lines)


def swap_cells(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    number = rng.randrange(len(lines))
    cells = lines[number].split(b",")
    a, b = rng.randrange(len(cells)), rng.randrange(len(cells))
    cells[a], cells[b] = cells[b], cells[a]
    lines[number] = b",".join(cells)
    return b"\n".join(lines)


def move_column(data: bytes, rng: random.Random) -> bytes:
    """Move, drop or double a column, in all lines or in the header alone."""
    lines = [line.split(b",") for line in data.split(b"\n")]
    width = len(lines[0])
    source, target, kind = rng.randrange(width), rng.randrange(width), rng.choice(("move", "drop", "double"))
    for cells in lines if rng.random() < 0.7 else lines[:1]:
        if len(cells) > max(source, target):
            cell = cells[source] if kind == "double" else cells.pop(source)
            if kind != "drop":
                cells.insert(target, cell)
    return b"\n".join(map(b",".join, lines))


def rename_column(data: bytes, rng: random.Random) -> bytes:
    header, _, rest = data.partition(b"\n")
    cells = header.split(b",")
    place = rng.randrange(len(cells))
    other = rng.choice(
        [cells[rng.randrange(len(cells))], cells[place].lower(), cells[place] + b" ", b"", b"x"]
    )
    cells[place] = other
    return b",".join(cells) + b"\n" + rest


def shuffle_lines(data: bytes, rng: random.Random) -> bytes:
    header, *lines = data.split(b"\n")
    kind = rng.choice(("shuffle", "double", "drop", "blank", "header", "again"))
    place = rng.randint(0, len(lines))
    if kind == "shuffle":
        rng.shuffle(lines)
    elif kind == "double":
        lines = lines[:place] + lines[place : place + 1] * 2 + lines[place:]
    elif kind == "drop":
        lines = lines[:place] + lines[place + 1 :]
    elif kind == "blank":
        lines.insert(place, rng.choice((b"", b"   ", b",,,", b'"","",""', b"\r")))
    elif kind == "header":
        lines.insert(place, header)
    else:
        lines = lines + lines
    return b"\n".join([header, *lines])


def contradict(data: bytes, rng: random.Random) -> bytes:
    """Repeat a line with other digits in one of its cells."""
    lines = data.split(b"\n")
    place = rng.randrange(len(lines))
    cells = lines[place].split(b",")
    at = rng.randrange(len(cells))
    cells[at] = bytes(rng.choice(b"0123456789") if chr(letter).isdigit() else letter for letter in cells[at])
    lines.insert(rng.randint(place + 1, len(lines)), b",".join(cells))
    return b"\n".join(lines)


def recode(data: bytes, rng: random.Random) -> bytes:
    return data.decode("utf-8", "replace").encode(rng.choice(ENCODINGS), "replace")


def other_line_ends(data: bytes, rng: random.Random) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n", b"\r\r\n")))


def long_line(data: bytes, rng: random.Random) -> bytes:
    place = rng.randint(0, len(data))
    return data[:place] + rng.choice((b"x", b",", b'"', b"1,")) * rng.choice((2_000, 200_000)) + data[place:]


def zeros(data: bytes, rng: random.Random) -> bytes:
    return data + bytes(rng.choice((1, 50, len(data), 3 * len(data))))


def pack(data: bytes, rng: random.Random) -> bytes:
    packed = gzip.compress(data, mtime=0)
    return rng.choice(
        (packed, packed[: rng.randint(0, len(packed))], flip_bits(packed, rng), packed + b"\0\0")
    )


def other_separator(data: bytes, rng: random.Random) -> bytes:
    return data.replace(b",", rng.choice((b";", b"\t", b"|", b", ", b" ,")))


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits, delete_chunk, double_chunk, swap_chunks, truncate, insert_token, insert_token,
    replace_cell, replace_cell, replace_cell, swap_cells, move_column, rename_column, shuffle_lines,
    contradict, recode, other_line_ends, long_line, zeros, pack, other_separator,
)  # fmt: skip
