"""Write a bbolt database, the file format of Trivy's vulnerability database, without bbolt.

A file is a row of pages: two meta pages, a list of free pages, and for each bucket one leaf page, as long as it
needs to be. A leaf without branches above it is a whole tree, so nothing more is needed to be read by bbolt.
Format: https://github.com/etcd-io/bbolt/blob/main/internal/common (page.go, meta.go, bucket.go).
"""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.image.scan.bolt import (
    BUCKET_HEADER,
    CHECKSUM,
    IS_BUCKET,
    LEAF_ELEMENT,
    LEAF_PAGE,
    MAGIC,
    META,
    PAGE_HEADER,
)

Bucket = Mapping[str, "bytes | Bucket"]
"""A bucket: values and buckets by key."""

_PAGE = 4096
_VERSION = 2
_META_PAGE, _FREE_PAGE = 0x04, 0x10
_FIRST_DATA_PAGE = 3


def render_bolt(root: Bucket) -> bytes:
    """The file of a database with these buckets."""
    pages: list[bytes] = []
    number = _write_bucket(root, pages)
    used = _FIRST_DATA_PAGE + sum(len(page) for page in pages) // _PAGE
    free = _padded(PAGE_HEADER.pack(2, _FREE_PAGE, 0, 0))
    return b"".join([_meta(0, number, used), _meta(1, number, used), free, *pages])


def _write_bucket(bucket: Bucket, pages: list[bytes]) -> int:
    """Append the pages of a bucket, those below first, and return the number of its page."""
    entries: list[tuple[int, bytes, bytes]] = []
    for key in sorted(bucket, key=str.encode):
        value = bucket[key]
        if isinstance(value, bytes):
            entries.append((0, key.encode(), value))
        else:
            entries.append((IS_BUCKET, key.encode(), BUCKET_HEADER.pack(_write_bucket(value, pages), 0)))
    number = _FIRST_DATA_PAGE + sum(len(page) for page in pages) // _PAGE
    pages.append(_leaf(number, entries))
    return number


def _leaf(number: int, entries: list[tuple[int, bytes, bytes]]) -> bytes:
    """A leaf page: header, element table, then keys and values; positions count from the element itself."""
    table, data = b"", b""
    for row, (flags, key, value) in enumerate(entries):
        position = (len(entries) - row) * LEAF_ELEMENT.size + len(data)
        table += LEAF_ELEMENT.pack(flags, position, len(key), len(value))
        data += key + value
    size = PAGE_HEADER.size + len(table) + len(data)
    overflow = (size - 1) // _PAGE
    return _padded(PAGE_HEADER.pack(number, LEAF_PAGE, len(entries), overflow) + table + data)


def _meta(number: int, root: int, used: int) -> bytes:
    """A meta page. Of the two, the one with the higher transaction number and a right checksum counts."""
    free_list, transaction = 2, number
    fields = META.pack(MAGIC, _VERSION, _PAGE, 0, root, 0, free_list, used, transaction)
    return _padded(PAGE_HEADER.pack(number, _META_PAGE, 0, 0) + fields + CHECKSUM.pack(_fnv1a(fields)))


def _fnv1a(content: bytes) -> int:
    """The 64-bit FNV-1a hash."""
    value = 0xCBF29CE484222325
    for byte in content:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % _PAGE)
