"""The names of the buckets in a bbolt file, read without its library.

Trivy's vulnerability database is such a file. Its top-level buckets tell which distributions it knows at all:
a scan of one that it does not know finds nothing, and says so nowhere.
File format: https://github.com/etcd-io/bbolt/blob/main/internal/common (page.go, meta.go).
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

PAGE_HEADER = struct.Struct("<QHHI")  # id, flags, count, overflow
_BRANCH_ELEMENT = struct.Struct("<IIQ")  # position, key size, page
LEAF_ELEMENT = struct.Struct("<IIII")  # flags, position, key size, value size
META = struct.Struct("<IIIIQQQQQ")  # magic, version, page size, flags, root, sequence, freelist, pages, txid
BUCKET_HEADER = struct.Struct("<QQ")  # page, or 0 where it lies inline; sequence
CHECKSUM = struct.Struct("<Q")  # FNV-1a of the meta
MAGIC = 0xED0CDAED
_BRANCH_PAGE = 0x01
LEAF_PAGE = 0x02
IS_BUCKET = 0x01
_DEEPEST = 64


def read_bucket_names(path: Path) -> frozenset[str]:
    """The names of the top-level buckets that hold something.

    Raises:
        ValueError: the file is no bbolt database, or a broken one.
        OSError: it can't be read.
    """
    with path.open("rb") as stream:
        if path.stat().st_size < PAGE_HEADER.size + META.size + CHECKSUM.size:
            raise ValueError(f"{path} is too short for a bbolt database")
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                page_size, root = _newest_meta(data)
                return frozenset(_filled_buckets(data, page_size, root))
            except (struct.error, IndexError, RecursionError) as error:
                raise ValueError(f"{path} is a broken bbolt database: {error}") from error


def _newest_meta(data: mmap.mmap) -> tuple[int, int]:
    """Page size and root page of the last transaction; the two metas take turns."""
    metas = []
    first = _meta_at(data, 0)
    if first is not None:
        metas.append(first)
        second = _meta_at(data, first[0])
        if second is not None:
            metas.append(second)
    if not metas:
        raise ValueError("there is no bbolt meta page")
    page_size, root, _ = max(metas, key=lambda meta: meta[2])
    return page_size, root


def _meta_at(data: mmap.mmap, offset: int) -> tuple[int, int, int] | None:
    magic, _, page_size, _, root, _, _, _, txid = META.unpack_from(data, offset + PAGE_HEADER.size)
    return (page_size, root, txid) if magic == MAGIC and page_size else None


def _filled_buckets(data: mmap.mmap, page_size: int, root: int) -> Iterator[str]:
    for key, value in _bucket_entries(data, page_size, root, _DEEPEST):
        child, _ = BUCKET_HEADER.unpack_from(value)
        # A small bucket lies inline behind its header, as a page of its own; else its root page is named.
        header = value[BUCKET_HEADER.size : BUCKET_HEADER.size + PAGE_HEADER.size] if child == 0 else None
        count = (
            PAGE_HEADER.unpack(header)[2]
            if header is not None
            else PAGE_HEADER.unpack_from(data, child * page_size)[2]
        )
        if count:
            yield key.decode("utf-8", errors="replace")


def _bucket_entries(data: mmap.mmap, page_size: int, page: int, depth: int) -> Iterator[tuple[bytes, bytes]]:
    if depth == 0:
        raise ValueError("the pages of the bbolt database form a circle")
    start = page * page_size
    _, flags, count, _ = PAGE_HEADER.unpack_from(data, start)
    elements = start + PAGE_HEADER.size
    for number in range(count):
        place = elements + number * LEAF_ELEMENT.size
        if flags & _BRANCH_PAGE:
            yield from _bucket_entries(
                data, page_size, _BRANCH_ELEMENT.unpack_from(data, place)[2], depth - 1
            )
        elif flags & LEAF_PAGE:
            kind, position, key_size, value_size = LEAF_ELEMENT.unpack_from(data, place)
            if kind & IS_BUCKET:
                key = place + position
                yield data[key : key + key_size], data[key + key_size : key + key_size + value_size]
        else:
            raise ValueError("a page of the bbolt database is neither branch nor leaf")
