"""Reads a table in pieces on all ranks of a job, to the very blocks that one process would read.

Rank 0 cuts the files, and puts together in their order what the ranks have read: texts are numbered
in the order in which they turn up, as ever. Where a piece does not fit, rank 0 looks closer alone.
Numbers do not travel between ranks of one machine: each writes into the file that keeps the table.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any
from weakref import finalize

import numpy as np

from mlpcli.data.scratch import OutOfSight
from mlpcli.data.table.cut import cut
from mlpcli.data.table.files import state_of
from mlpcli.data.table.spool import Written, put
from mlpcli.data.table.store import Store, duckdb_errors
from mlpcli.data.table.stream import Misfit, Texts, Verbatim, fitting
from mlpcli.ranks import job
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from mlpcli.data.scratch import Door
    from mlpcli.data.table.cut import Piece
    from mlpcli.data.table.query import Source
    from mlpcli.data.table.reading import Kind
    from mlpcli.data.table.spool import Block, Spool
    from mlpcli.data.table.stream import Array

__all__ = ["Shares", "shares_of"]

_MISSING = np.int32(-1)  # which, as an index, is the last


@dataclass(frozen=True)
class Part:
    """What a rank has read of a piece: blocks of columns, and the texts that codes stand for.

    `levels` holds None for a column that has no codes.
    """

    blocks: Sequence[Block] = ()
    levels: Sequence[Sequence[bytes] | None] = ()
    fits: bool = True

    def blocks_by(self, known: Sequence[Texts | None]) -> Iterator[Block]:
        """Yield the blocks with the codes of `known`, new ones in the order of the rows.

        Raises Misfit where something did not fit.
        """
        if not self.fits:
            raise Misfit
        codes = [
            None if texts is None or levels is None else np.append(texts.codes(levels), _MISSING)
            for texts, levels in zip(known, self.levels, strict=True)
        ]
        for block in self.blocks:
            if isinstance(block, Written):
                yield replace(block, codes=codes)
            else:
                pairs = zip(block, codes, strict=True)
                yield [array if by_own is None else by_own[array] for array, by_own in pairs]


@dataclass(frozen=True)
class Reader:
    """What all ranks know: the files, which columns are wanted, and in which form their texts.

    `door` leads to the file that keeps the table; None where blocks are to be sent.
    """

    sources: Sequence[Source]
    kinds: Mapping[str, Kind]
    forms: Sequence[type[Texts] | None]
    door: Door | None

    def read(self, item: tuple[Piece, int]) -> Part | None:
        """Return the rows of a piece, which go to a place of the file; None where it is rank 0's.

        That is what is too large to be sent, and what this machine does not see.
        """
        piece, place = item
        source, store = self.sources[piece.file], self._store
        texts = [None if form is None else form() for form in self.forms]
        with duckdb_errors(source.path):
            seen = _in_sight(source, store.scratch / f"file {piece.file}")
            if piece.large or seen is None:
                return None
            try:
                with piece.of(seen, store.scratch) as some:
                    select = some.select(self.kinds)
                    blocks = self._kept(fitting(store.cursor(), select, texts), place)
            except Misfit:
                return Part(fits=False)
        return Part(blocks, [_levels(some) for some in texts])

    @cached_property
    def _store(self) -> Store:
        """Return a database of this process, which lasts as long as there are pieces."""
        folder = self.sources[0].text.link.parent  # rank 0 clears up behind ranks that are killed
        store = Store(None, threads=1, within=folder if folder.exists() else None)
        finalize(self, store.close)
        return store

    def __getstate__(self) -> dict[str, Any]:
        """Return what all ranks know."""
        return {name: value for name, value in vars(self).items() if name != "_store"}

    def _kept(self, blocks: Iterable[list[Array]], place: int) -> list[Block]:
        """Write the blocks to the file; return them themselves from where it is not in sight."""
        kept: list[Block] = []
        door = self.door
        for block in blocks:
            if door is not None:
                try:
                    kept.append(put(block, place, door.write))
                except OutOfSight:
                    door = None
                else:
                    place += sum(array.nbytes for array in block)
            if door is None:
                kept.append([a if a.flags.owndata else a.copy() for a in block])
        return kept


def _levels(texts: Texts | None) -> list[bytes] | None:
    return None if texts is None or isinstance(texts, Verbatim) else [*texts][1:]


@dataclass(frozen=True)
class Shares:
    """Files of a table, the columns that are wanted, and the pieces into which they are cut."""

    sources: Sequence[Source]
    kinds: Mapping[str, Kind]
    pieces: Sequence[Piece]

    def blocks(
        self, store: Store, texts: Mapping[str, Texts | None], spool: Spool | None = None
    ) -> Iterator[tuple[int, Block]]:
        """Yield columns of some rows at a time, in order, with the number of their file.

        They may lie in the spool already. Raises Misfit behind the rows that fit, once the ranks
        are free again.
        """
        known = [*texts.values()]
        forms = [None if some is None else type(some) for some in known]
        rooms = [*accumulate((piece.room for piece in self.pieces), initial=0)]
        door, start = (None, 0) if spool is None else spool.outside(rooms[-1])
        read = Reader(self.sources, self.kinds, forms, door).read
        items = iter(
            [(piece, start + room) for piece, room in zip(self.pieces, rooms, strict=False)]
        )
        fits = True
        for (piece, _), part in job().in_order(read, items):
            if not fits:
                continue
            blocks = self._here(piece, store, known) if part is None else part.blocks_by(known)
            try:
                for block in blocks:
                    yield piece.file, block
            except Misfit:
                fits = False
                deque(items, 0)  # so that no more are handed out
        if not fits:
            raise Misfit

    def _here(
        self, piece: Piece, store: Store, known: Sequence[Texts | None]
    ) -> Iterator[list[Array]]:
        with piece.of(self.sources[piece.file], store.scratch) as source:
            yield from fitting(store.cursor(), source.select(self.kinds), known)


def shares_of(sources: Sequence[Source], kinds: Mapping[str, Kind], store: Store) -> Shares | None:
    """Return how to share out the reading of files; None where one process alone reads them."""
    ranks = job()
    if ranks.size == 1 or ranks.rank:
        return None
    pieces = cut(sources, len(kinds), store, ranks.size)
    return Shares(sources, kinds, pieces) if len(pieces) > 1 else None


def _in_sight(source: Source, link: Path) -> Source | None:
    """Return the source as this machine has it, by way of a link; None where it has not."""
    file = source.text
    if file.body.exists():
        return source
    try:
        if file.body != file.link or state_of(file.path) != file.state:
            return None
    except OSError:
        return None
    if not link.is_symlink():
        link.symlink_to(file.path.absolute())
    return replace(source, file=replace(file, link=link, body=link))
