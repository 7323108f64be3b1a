"""Bytes as text: what encoding they are in, and what they are where they are no text at all."""

from __future__ import annotations

import codecs
import html
import re
import shlex
import zlib
from typing import NamedTuple

from sportsplat.errors import InputRefused


class FileKind(NamedTuple):
    """A kind of file that is no text: its first bytes, its name, and what to do with one (of that FILE)."""

    magic: bytes
    name: str
    fix: str = "file FILE"


_AS_CSV = "open it, and save the sheet as CSV"
_KINDS = (
    FileKind(b"%PDF", "a PDF document"),
    FileKind(b"PAR1", "a Parquet file", "sportsplat sources"),
    FileKind(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook of before 2007 (xls)", _AS_CSV),
    FileKind(b"SQLite format 3\0", "an SQLite database"),
    FileKind(b"\x89PNG\r\n", "a PNG picture"),
    FileKind(b"\xff\xd8\xff", "a JPEG picture"),
    FileKind(b"GIF8", "a GIF picture"),
    FileKind(b"BZh", "a bzip2 archive", "bunzip2 --keep FILE"),
    FileKind(b"\xfd7zXZ\0", "an xz archive", "unxz --keep FILE"),
    FileKind(b"\x28\xb5\x2f\xfd", "a zstd archive", "unzstd FILE"),
    FileKind(b"7z\xbc\xaf\x27\x1c", "a 7z archive", "7z x FILE"),
    FileKind(b"Rar!\x1a\x07", "a RAR archive", "unrar x FILE"),
    FileKind(b"\x7fELF", "a program"),
    FileKind(b"\x1f\x8b", "a gzip file within a gzip file", "gunzip --keep FILE"),
)
_ZIP = FileKind(b"PK\x03\x04", "a zip archive", "unzip FILE")
_OFFICE = (
    (b"xl/", FileKind(_ZIP.magic, "an Excel workbook (xlsx)", _AS_CSV)),
    (b"word/", FileKind(_ZIP.magic, "a Word document (docx)")),
)
_LFS = "version https://git-lfs.github.com/spec/"
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_PROBE = 4096  # bytes that tell UTF-16 without a mark


def decode(name: str, data: bytes) -> str:
    """Return the text of a file: UTF-8, UTF-16 and UTF-32 by their mark, UTF-16 without one by its zeros.

    A line that is no UTF-8 is read as Windows-1252: one damaged byte costs its own line.

    Raises:
        InputRefused: another kind of file, or UTF-16 that breaks off (NOT_TEXT).
    """
    encoding = wide_encoding_of_text(name, data)
    if encoding is not None:
        try:
            return data.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError as problem:
            detail = f"byte {problem.start:,} of {len(data):,}: {problem.reason}"
            message = f"{name} is damaged {encoding.upper()} text"
            raise not_text(message, f"at {detail}", "download the file again") from problem
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        lines = data.removeprefix(codecs.BOM_UTF8).splitlines(keepends=True)
        return "".join(map(_decode_line, lines))


def wide_encoding_of_text(name: str, data: bytes) -> str | None:
    """Return the kind of UTF-16 or UTF-32 of a file, or of its first bytes; None for any other encoding.

    Raises:
        InputRefused: it is another kind of file, or most bytes are zero (NOT_TEXT).
    """
    kind = kind_of(data)
    if kind is not None:
        message = f"{name} is {kind.name}, not a text file"
        raise not_text(message, f"it starts with {data[:8]!r}", kind.fix.replace("FILE", shlex.quote(name)))
    encoding = wide_encoding(data)
    zeros = data.count(0)
    if encoding is None and 2 * zeros > len(data):
        detail = f"{zeros:,} of its first {len(data):,} bytes are zero"
        raise not_text(f"{name} is mostly zero bytes", detail, "download the file again")
    return encoding


def kind_of(data: bytes) -> FileKind | None:
    """Tell by the first bytes what a file is that is no text; None for anything else."""
    if data.startswith(_ZIP.magic):
        return next((kind for mark, kind in _OFFICE if mark in data), _ZIP)
    return next((kind for kind in _KINDS if data.startswith(kind.magic)), None)


def web_page(text: str) -> str | None:
    """Return the title of a web page, or what else can be read of it; None where the text is no page."""
    head = text[:65536].lstrip("\ufeff \t\r\n")
    if not head.startswith("<"):
        return None
    found = _TITLE.search(head)
    said = html.unescape(found[1] if found else _TAG.sub(" ", head[:4096]))
    return " ".join(said.split())[:120] or " ".join(head[:60].split())


def refuse_other_text(name: str, text: str) -> None:
    """Raise InputRefused for text that is no table: a web page (NOT_DATA), JSON or a pointer (NOT_CSV)."""
    title = web_page(text)
    if title is not None:
        raise InputRefused(
            f"{name} is a web page, not a data file",
            code="NOT_DATA",
            cause=f"the page says {title!r}",
            fix="download the file again: the site answered with a page, as for an error or a log-in",
        )
    head = text[:200].lstrip()
    if head.startswith(_LFS):
        raise InputRefused(
            f"{name} is a pointer to a file, not the file",
            code="NOT_CSV",
            cause=f"Git LFS keeps the data elsewhere; line 1 is {head.splitlines()[0]!r}",
            fix="git lfs pull",
        )
    if head.startswith(("{", "[")):
        raise InputRefused(
            f"{name} is JSON, not a CSV file",
            code="NOT_CSV",
            cause=f"it starts with {head[:40]!r}",
            fix="sportsplat sources",
        )


def empty_file(name: str, cause: str) -> InputRefused:
    """Return the error for a file without content (EMPTY_FILE)."""
    return InputRefused(
        f"{name} is empty", code="EMPTY_FILE", cause=cause, fix="download the file again, or omit it"
    )


def not_text(message: str, cause: str, fix: str) -> InputRefused:
    """Return the error for a file that is no text (NOT_TEXT)."""
    return InputRefused(message, code="NOT_TEXT", cause=cause, fix=fix)


def wide_encoding(data: bytes) -> str | None:
    """Tell UTF-32 and UTF-16 by their mark, UTF-16 without one by every other byte being zero."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    probe = data[:_PROBE]
    half = len(probe) // 2
    even, odd = probe[0::2].count(0), probe[1::2].count(0)
    if 2 * odd > half and 10 * even < half:
        return "utf-16-le"
    if 2 * even > half and 10 * odd < half:
        return "utf-16-be"
    return None


def _decode_line(line: bytes) -> str:
    for encoding in ("utf-8", "cp1252"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("latin-1")  # five bytes have no meaning in cp1252; latin-1 keeps them as they are


LARGEST_BYTES = 64 << 20  # of one file, unpacked: three times the largest there is; takes 3 GB to read
ALWAYS_BYTES = 16 << 20  # taken however small the packed file is
HIGHEST_RATIO = 250  # text packs 5 to 50 times; what packs a thousand times was made to fill a disk
_GZIP = 16 + zlib.MAX_WBITS
GZIP_MAGIC = b"\x1f\x8b"


def gunzip(name: str, data: bytes) -> bytes:
    """Unpack gzip of one or several members.

    Raises:
        InputRefused: the bytes break off or are damaged (CORRUPT_GZIP), or they unpack to more than
            LARGEST_BYTES, or to more than HIGHEST_RATIO times themselves and ALWAYS_BYTES (TOO_LARGE).
    """
    limit = min(LARGEST_BYTES, max(ALWAYS_BYTES, HIGHEST_RATIO * len(data)))
    members: list[bytes] = []
    packed, room = data, limit
    while packed:
        engine = zlib.decompressobj(_GZIP)
        try:
            members.append(engine.decompress(packed, room + 1))
        except zlib.error as problem:
            raise _corrupt(name, data, str(problem)) from problem
        room -= len(members[-1])
        if room < 0:
            raise InputRefused(
                f"{name} unpacks to more than {limit >> 20:,} MB",
                code="TOO_LARGE",
                cause=f"it is {len(data):,} bytes packed, and at most {limit:,} are unpacked from that",
                fix=f"gunzip --list {shlex.quote(name)}, and split it if that size is correct",
            )
        if not engine.eof:
            raise _corrupt(name, data, "it ends before its end-of-stream mark")
        packed = engine.unused_data.lstrip(b"\0")  # padding, as tapes and some servers add
    return b"".join(members)


def _corrupt(name: str, data: bytes, problem: str) -> InputRefused:
    return InputRefused(
        f"{name} is a damaged gzip file",
        code="CORRUPT_GZIP",
        cause=f"unpacking its {len(data):,} bytes failed: {problem}",
        fix=f"gzip --test {shlex.quote(name)}, then download it again",
    )
