"""Packed bytes unpacked, and never more of them than a machine can hold."""

from __future__ import annotations

import shlex
import zlib

from sportsplat.errors import InputRefused

LARGEST_BYTES = 1 << 30  # of one file, unpacked: a hundred times the largest season file there is
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
                f"{name} unpacks to more than {limit >> 20:,} MB.",
                code="TOO_LARGE",
                cause=f"It is {len(data):,} bytes packed, and {limit:,} is what is unpacked of that at most.",
                fix=f"gunzip --list {shlex.quote(name)}, and split it if so much is meant.",
            )
        if not engine.eof:
            raise _corrupt(name, data, "it ends before its end-of-stream mark")
        packed = engine.unused_data.lstrip(b"\0")  # padding, as tapes and some servers add
    return b"".join(members)


def _corrupt(name: str, data: bytes, problem: str) -> InputRefused:
    return InputRefused(
        f"{name} is a damaged gzip file.",
        code="CORRUPT_GZIP",
        cause=f"Unpacking its {len(data):,} bytes failed: {problem}.",
        fix=f"gzip --test {shlex.quote(name)}, then download it again.",
    )
