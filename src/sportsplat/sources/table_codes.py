"""Columns of a block as codes: what a mapped cell says, which rows say the same, which say nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from sportsplat.sources.table_blocks import Block
from sportsplat.sources.table_books import Ints
from sportsplat.sources.table_mapping import Cell, said


def words_of(block: Block, cell: Cell | None, size: int) -> tuple[Ints, list[str]]:
    """Return a mapped column as codes and the words, translated, that they stand for."""
    if cell is None or cell.column is None:
        constant = said(cell.value) if cell is not None and cell.value is not None else ""
        return np.zeros(size, dtype=np.int64), [constant]
    values = block.columns[cell.column]
    return (
        np.asarray(values.indices).astype(np.int64),
        [cell.read(word.strip()) for word in values.dictionary.to_pylist()],
    )


def together(columns: Sequence[pa.DictionaryArray], size: int) -> tuple[Ints, Ints]:
    """Return a code for each of `size` rows' combination of words, and the first row of each code.

    Rows of one match mostly follow each other: each run is looked at once.
    """
    words = [np.asarray(column.indices) for column in columns]
    begins = np.ones(size, dtype=np.bool_)
    begins[1:] = np.logical_or.reduce([codes[1:] != codes[:-1] for codes in words])
    runs = np.flatnonzero(begins)
    combined = np.zeros(len(runs), dtype=np.int64)
    for column, codes in zip(columns, words, strict=True):
        combined = pd.factorize(combined * len(column.dictionary) + codes[runs])[0]
    first = np.zeros(int(combined.max()) + 1, dtype=np.int64)
    first[combined[::-1]] = runs[::-1]
    return np.repeat(combined, np.diff(np.append(runs, len(begins)))), first


def taken(column: pa.DictionaryArray, rows: Ints) -> list[str]:
    """Return the words of some rows."""
    words = column.dictionary.to_pylist()
    return [words[code] for code in np.asarray(column.indices)[rows].tolist()]


def without_blank(block: Block) -> Block:
    """Leave out rows in which nothing stands."""
    filled = np.zeros(len(block.lines), dtype=np.bool_)
    for values in block.columns.values():
        words = np.array([bool(word.strip()) for word in values.dictionary.to_pylist()], dtype=np.bool_)
        if words.all():
            return block
        filled |= words[np.asarray(values.indices)]
    if filled.all():
        return block
    kept = pa.array(np.flatnonzero(filled))
    return Block(block.lines[filled], {name: values.take(kept) for name, values in block.columns.items()})
