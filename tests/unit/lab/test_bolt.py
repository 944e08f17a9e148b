from __future__ import annotations

import struct
from typing import Any

from lab.bolt import Bucket, render_bolt
from lab.vulnerabilities import FLAWS, render_database

PAGE = 4096


def read_bolt(content: bytes) -> dict[str, Any]:
    """A reader of its own, after bbolt's page.go and bucket.go."""
    metas = [content[number * PAGE + 16 : number * PAGE + 80] for number in (0, 1)]
    for meta in metas:
        magic, version, size = struct.unpack_from("<III", meta)
        assert (magic, version, size) == (0xED0CDAED, 2, PAGE)
        checksum = 0xCBF29CE484222325
        for byte in meta[:56]:
            checksum = ((checksum ^ byte) * 0x100000001B3) % 2**64
        assert struct.unpack_from("<Q", meta, 56) == (checksum,)
    root, used = struct.unpack_from("<Q", metas[1], 16)[0], struct.unpack_from("<Q", metas[1], 40)[0]
    assert used * PAGE == len(content)
    return read_bucket(content, root)


def read_bucket(content: bytes, number: int) -> dict[str, Any]:
    start = number * PAGE
    identifier, flags, count, overflow = struct.unpack_from("<QHHI", content, start)
    assert (identifier, flags) == (number, 2)
    found: dict[str, Any] = {}
    for row in range(count):
        element = start + 16 + row * 16
        kind, position, key_size, value_size = struct.unpack_from("<IIII", content, element)
        key = element + position
        assert key + key_size + value_size <= start + PAGE * (overflow + 1)
        value = content[key + key_size : key + key_size + value_size]
        name = content[key : key + key_size].decode()
        found[name] = read_bucket(content, struct.unpack_from("<Q", value)[0]) if kind else value
    assert list(found) == sorted(found)
    return found


def test_what_is_written_is_read_back() -> None:
    tree: Bucket = {"b": {"k": b"v", "deep": {"x": b"1"}}, "a": {}, "c": {"long": b"y" * 10_000}}
    assert read_bolt(render_bolt(tree)) == tree


def test_many_keys_flow_over_into_further_pages() -> None:
    tree: Bucket = {
        "bucket": {f"key-{number:05}": b"value" * 3 for number in range(2000)},
        "z": {"after": b"1"},
    }
    assert read_bolt(render_bolt(tree)) == tree


def test_the_database_has_what_the_scanner_looks_up() -> None:
    database = read_bolt(render_database(FLAWS))
    assert database["debian 13"]["lab-critical"]["CVE-2099-0001"] == b'{"FixedVersion":"1.0-2","Severity":4}'
    assert database["pip::GitHub Security Advisory Pip"]["lab-critical-pip"]
    assert database["debian 13"]["lab-unfixed"]["CVE-2099-0003"] == b'{"Severity":4,"Status":2}'
    assert b'"Severity":"CRITICAL"' in database["vulnerability"]["CVE-2099-0001"]
    assert b'"ID":"debian"' in database["data-source"]["debian 13"]


def test_the_empty_database_is_a_database() -> None:
    database = read_bolt(render_database(()))
    assert database["vulnerability"] == {}
    assert "debian 13" not in database
