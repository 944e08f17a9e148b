"""A small vulnerability database in Trivy's own format, written in milliseconds.

The file is a bbolt database: https://github.com/etcd-io/bbolt/blob/main/internal/common.
The buckets are those of trivy-db, schema 2: ``<distribution> > package > id`` holds an advisory,
``vulnerability > id`` what is known about it, ``data-source > <distribution>`` who says so.
"""

from __future__ import annotations

import io
import json
import struct
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

PAGE = 4096
Tree: TypeAlias = "Mapping[str, bytes | Tree]"


@dataclass(frozen=True)
class Advisory:
    """A vulnerability of a package; ``fixed`` is empty where there is no fix."""

    distribution: str
    package: str
    id: str
    severity: str
    fixed: str


def write_database(
    folder: Path, advisories: tuple[Advisory, ...], *, updated_at: str, extra: Tree | None = None
) -> None:
    """Fill ``folder`` with ``trivy.db`` and ``metadata.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    tree: dict[str, dict[str, object]] = {"data-source": {}, "vulnerability": {}}
    for advisory in advisories:
        packages = tree.setdefault(advisory.distribution, {})
        package = packages.setdefault(advisory.package, {})
        assert isinstance(package, dict)
        package[advisory.id] = _json({"FixedVersion": advisory.fixed} if advisory.fixed else {})
        source = {"ID": advisory.distribution.split()[0], "Name": "test", "URL": "https://example.com"}
        tree["data-source"][advisory.distribution] = _json(source)
        tree["vulnerability"][advisory.id] = _json(
            {"Title": f"{advisory.id} in {advisory.package}", "Severity": advisory.severity}
        )
    (folder / "trivy.db").write_bytes(bolt_file({**tree, **(extra or {})}))
    (folder / "metadata.json").write_text(
        json.dumps(
            {"Version": 2, "UpdatedAt": updated_at, "NextUpdate": updated_at, "DownloadedAt": updated_at}
        )
    )


def pack_database(folder: Path) -> bytes:
    """The layer of a database artifact: ``db.tar.gz``."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("trivy.db", "metadata.json"):
            archive.add(folder / name, arcname=name)
    return packed.getvalue()


def bolt_file(tree: Mapping[str, object]) -> bytes:
    """A bbolt file with these buckets (mappings) and values (bytes)."""
    pages: list[bytes] = []

    def allocate(content: bytes) -> int:
        number = 3 + sum(len(page) // PAGE for page in pages)
        size = -(-len(content) // PAGE) * PAGE
        pages.append(content.ljust(size, b"\0"))
        return number

    def bucket(values: Mapping[str, object]) -> int:
        entries = []
        for key, value in sorted((key.encode(), value) for key, value in values.items()):
            if isinstance(value, Mapping):
                entries.append((1, key, struct.pack("<QQ", bucket(value), 0)))
            else:
                assert isinstance(value, bytes)
                entries.append((0, key, value))
        number = 3 + sum(len(page) // PAGE for page in pages)
        allocate(_leaf(number, entries))
        return number

    root = bucket(tree)
    total = 3 + sum(len(page) // PAGE for page in pages)
    metas = b"".join(_meta(number, root, total) for number in (0, 1))
    freelist = struct.pack("<QHHI", 2, 0x10, 0, 0).ljust(PAGE, b"\0")
    return metas + freelist + b"".join(pages)


def _leaf(number: int, entries: list[tuple[int, bytes, bytes]]) -> bytes:
    elements, data = b"", b""
    for index, (flags, key, value) in enumerate(entries):
        position = (len(entries) - index) * 16 + len(data)
        elements += struct.pack("<IIII", flags, position, len(key), len(value))
        data += key + value
    size = 16 + len(elements) + len(data)
    return struct.pack("<QHHI", number, 0x02, len(entries), -(-size // PAGE) - 1) + elements + data


def _meta(number: int, root: int, total: int) -> bytes:
    body = struct.pack("<IIIIQQQQQ", 0xED0CDAED, 2, PAGE, 0, root, 0, 2, total, number)
    page = struct.pack("<QHHI", number, 0x04, 0, 0) + body + struct.pack("<Q", _fnv64a(body))
    return page.ljust(PAGE, b"\0")


def _fnv64a(data: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
